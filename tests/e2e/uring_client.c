/* One HTTP request through io_uring alone (io_uring(7)): PORT SETUP-FLAGS SQE-FLAGS. Exit code 2: the kernel has none. */
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct io_uring_params params;
static struct io_uring_sqe *entries;
static struct io_uring_cqe *completions;
static char *queue, *done;
static int ring;

#define AT(base, offset) ((unsigned *)((base) + (offset)))

static int perform(struct io_uring_sqe entry)
{
	unsigned tail = *AT(queue, params.sq_off.tail), slot = tail & *AT(queue, params.sq_off.ring_mask);
	unsigned *head = AT(done, params.cq_off.head), flags = IORING_ENTER_GETEVENTS;
	int result;

	entries[slot] = entry;
	AT(queue, params.sq_off.array)[slot] = slot;
	__atomic_store_n(AT(queue, params.sq_off.tail), tail + 1, __ATOMIC_RELEASE);
	if (params.flags & IORING_SETUP_SQPOLL)
		flags |= IORING_ENTER_SQ_WAKEUP;
	if (syscall(SYS_io_uring_enter, ring, 1, 1, flags, NULL, 0) < 0) {
		perror("io_uring_enter");
		exit(1);
	}
	while (*head == __atomic_load_n(AT(done, params.cq_off.tail), __ATOMIC_ACQUIRE))
		;
	result = completions[*head & *AT(done, params.cq_off.ring_mask)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static void *shared(size_t size, off_t offset)
{
	return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring, offset);
}

int main(int count, char **words)
{
	struct sockaddr_in server = { .sin_family = AF_INET, .sin_port = htons(atoi(words[1])),
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char request[] = "GET / HTTP/1.0\r\n\r\n", answer[4096];
	__u8 flags = atoi(words[3]);
	int connection;

	params.flags = atoi(words[2]);
	ring = syscall(SYS_io_uring_setup, 8, &params);
	if (ring < 0) {
		perror("io_uring_setup");
		return 2;
	}
	queue = shared(params.sq_off.array + params.sq_entries * sizeof(unsigned), IORING_OFF_SQ_RING);
	done = shared(params.cq_off.cqes + params.cq_entries * sizeof(*completions), IORING_OFF_CQ_RING);
	entries = shared(params.sq_entries * sizeof(*entries), IORING_OFF_SQES);
	completions = (void *)(done + params.cq_off.cqes);
	connection = perform((struct io_uring_sqe){ .opcode = IORING_OP_SOCKET, .flags = flags, .fd = AF_INET, .off = SOCK_STREAM });
	if (connection < 0)
		return 2;
	if (perform((struct io_uring_sqe){ .opcode = IORING_OP_CONNECT, .flags = flags, .fd = connection,
					   .addr = (unsigned long)&server, .off = sizeof(server) }))
		return 1;
	if (perform((struct io_uring_sqe){ .opcode = IORING_OP_SEND, .flags = flags, .fd = connection,
					   .addr = (unsigned long)request, .len = sizeof(request) - 1 }) < 0)
		return 1;
	return perform((struct io_uring_sqe){ .opcode = IORING_OP_RECV, .flags = flags, .fd = connection,
					      .addr = (unsigned long)answer, .len = sizeof(answer) }) <= 0;
}
