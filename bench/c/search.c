/* A breadth-first search written by hand: what the machine can do with a protocol of up to 128 bits.
 *
 *   cc -O2 -march=native -DPROTOCOL='"two_phase_commit.h"' -DN=8 [-DPREFETCH] search.c -o search
 *
 * A protocol gives STATE (an unsigned type), STATE first(void), unsigned expand(STATE s, STATE *out) and MOST, a bound
 * on the successors of a state. States are stored once, in the order of discovery, with the number of their parent; the table holds numbers.
 * With PREFETCH, successors are buffered, and a slot and the state that it names are fetched before they are read.
 * Prints: distinct, transitions, levels, seconds, bytes.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include PROTOCOL

static STATE *states;
static uint32_t *parents;
static STATE *table; /* the state plus one */
static uint64_t size = 1 << 16, count, room = 1 << 15;

static uint64_t hash(STATE state) {
    uint64_t s = (uint64_t)state ^ (uint64_t)(state >> 32 >> 32) * 0xD6E8FEB86659FD93u;
    s ^= s >> 32;
    s *= 0x9E3779B97F4A7C15u;
    s ^= s >> 29;
    s *= 0xBF58476D1CE4E5B9u;
    return s ^ s >> 32;
}

static void *allocated(void *p) {
    if (!p) {
        perror("search");
        exit(1);
    }
    return p;
}

static void grow(void) {
    free(table);
    size *= 2;
    table = allocated(calloc(size, sizeof *table));
    for (uint64_t i = 0; i < count; i++) {
        uint64_t at = hash(states[i]) & (size - 1);
        while (table[at])
            at = (at + 1) & (size - 1);
        table[at] = states[i] + 1;
    }
}

static void insert(STATE s, uint64_t h, uint32_t parent) {
    uint64_t at = h & (size - 1);
    while (table[at]) {
        if (table[at] == s + 1)
            return;
        at = (at + 1) & (size - 1);
    }
    table[at] = s + 1;
    if (count == room) {
        room *= 2;
        states = allocated(realloc(states, room * sizeof *states));
        parents = allocated(realloc(parents, room * sizeof *parents));
    }
    states[count] = s;
    parents[count++] = parent;
    if (count > size / 10 * 6)
        grow();
}

#ifdef PREFETCH
#define BUFFER 64
#else
#define BUFFER 1
#endif

int main(void) {
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    states = allocated(malloc(room * sizeof *states));
    parents = allocated(malloc(room * sizeof *parents));
    table = allocated(calloc(size, sizeof *table));
    uint64_t transitions = 0, levels = 0, cursor = 0;
    static STATE out[BUFFER * MOST];
    static uint64_t hashes[BUFFER * MOST];
    static uint32_t from[BUFFER * MOST];
    STATE zero = first();
    insert(zero, hash(zero), -1);
    while (cursor < count) {
        uint64_t level_end = count;
        levels++;
        while (cursor < level_end) {
            unsigned n = 0;
            for (int b = 0; b < BUFFER && cursor < level_end; b++, cursor++) {
                unsigned k = expand(states[cursor], out + n);
                for (unsigned i = n; i < n + k; i++) {
                    hashes[i] = hash(out[i]);
                    from[i] = cursor;
#ifdef PREFETCH
                    __builtin_prefetch(&table[hashes[i] & (size - 1)], 1);
#endif
                }
                n += k;
            }
            transitions += n;
            for (unsigned i = 0; i < n; i++)
                insert(out[i], hashes[i], from[i]);
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    printf("%llu %llu %llu %.4f %lld\n", (unsigned long long)count, (unsigned long long)transitions,
           (unsigned long long)levels, end.tv_sec - start.tv_sec + (end.tv_nsec - start.tv_nsec) * 1e-9,
           usage.ru_maxrss * 1024LL);
    return 0;
}
