/* SimpleRegular, N processes. Bits of each: 2 of register (may read false, may read true), 1 seen, 2 of place (begin
 * write, end write, read, done). */
typedef uint64_t STATE;
#define MOST (2 * N)
#define AT(i) (5 * (i))
#define REGISTER(i) ((STATE)3 << AT(i))
#define SEEN(i) ((STATE)4 << AT(i))
#define STEP(i) ((STATE)8 << AT(i))

static STATE first(void) {
    STATE s = 0;
    for (int i = 0; i < N; i++)
        s |= (STATE)1 << AT(i);
    return s;
}

static unsigned expand(STATE s, STATE *out) {
    unsigned n = 0;
    for (int i = 0; i < N; i++) {
        int left = s >> AT((i + N - 1) % N) & 3;
        switch (s >> (AT(i) + 3) & 3) {
        case 0: out[n++] = (s | REGISTER(i)) + STEP(i); break;
        case 1: out[n++] = (s & ~REGISTER(i)) + STEP(i) + ((STATE)2 << AT(i)); break;
        case 2:
            if (left & 1)
                out[n++] = s + STEP(i);
            if (left & 2)
                out[n++] = (s | SEEN(i)) + STEP(i);
            break;
        }
    }
    return n;
}
