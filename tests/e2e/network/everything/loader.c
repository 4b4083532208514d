/* loader stay|exit|exec LIBRARY...: loads libraries with dlopen(3), then waits, ends, or becomes another program. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		if (!dlopen(argv[i], RTLD_NOW)) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
	puts("loaded");
	fflush(stdout);
	if (!strcmp(argv[1], "stay"))
		pause();
	if (!strcmp(argv[1], "exec"))
		execl("/bin/true", "true", (char *)NULL);
	return 0;
}
