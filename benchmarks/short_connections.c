// SPDX-License-Identifier: Apache-2.0
/*
 * short_connections ADDRESS PORT RATE SECONDS
 *
 * Opens RATE short connections a second in all, from four processes: connect, one HTTP request, read to the end, close.
 * Prints how many connections were opened, how many were answered, and how long it took. A process that falls behind
 * catches up, so the number sent is RATE * SECONDS unless the machine cannot do it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROCESSES 4

struct tally {
	long opened;
	long answered;
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void one(const struct sockaddr_in *server, struct tally *tally)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
	char answer[1024];
	ssize_t n, total = 0;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return;
	if (!connect(fd, (const struct sockaddr *)server, sizeof(*server))) {
		tally->opened++;
		if (write(fd, request, sizeof(request) - 1) == sizeof(request) - 1) {
			while ((n = read(fd, answer, sizeof(answer))) > 0)
				total += n;
			tally->answered += total > 0;
		}
	}
	close(fd);
}

static void paced(const struct sockaddr_in *server, double interval, double seconds, struct tally *tally)
{
	double begin = now(), end = begin + seconds, next = begin, left;

	while (next < end) {
		left = next - now();
		if (left > 0.001) /* a burst each millisecond, as timers are no finer under load */
			usleep(left * 1e6);
		one(server, tally);
		next += interval;
	}
}

int main(int argc, char **argv)
{
	struct sockaddr_in server = { .sin_family = AF_INET };
	struct tally *tallies, all = { 0 };
	double begin, rate;

	if (argc != 5 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
		fprintf(stderr, "usage: %s ADDRESS PORT RATE SECONDS\n", argv[0]);
		return 2;
	}
	server.sin_port = htons(atoi(argv[2]));
	rate = atof(argv[3]);
	tallies = mmap(NULL, sizeof(*tallies) * PROCESSES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (tallies == MAP_FAILED)
		return 1;
	begin = now();
	for (int i = 0; i < PROCESSES; i++) {
		if (!fork()) {
			paced(&server, PROCESSES / rate, atof(argv[4]), &tallies[i]);
			_exit(0);
		}
	}
	while (wait(NULL) > 0)
		;
	for (int i = 0; i < PROCESSES; i++) {
		all.opened += tallies[i].opened;
		all.answered += tallies[i].answered;
	}
	printf("%ld %ld %.3f\n", all.opened, all.answered, now() - begin);
	return 0;
}
