/* Runs a command and writes the peak of its resident memory, in bytes, into a file: peak FILE COMMAND...
 * A process that a large one starts has the large one's memory for its peak; one that this starts has not. */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 3)
        return 2;
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) < 0)
        return 126;
    FILE *out = fopen(argv[1], "w");
    if (!out)
        return 126;
    fprintf(out, "%lld\n", usage.ru_maxrss * 1024LL);
    fclose(out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
