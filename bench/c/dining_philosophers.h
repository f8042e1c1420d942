/* Dining philosophers, N of them, the one at seat 0 left-handed. Bits: 3 for each phase, then 1 for each fork. */
typedef uint64_t STATE;
#define MOST N
#define FORK(i) ((STATE)1 << (3 * N + (i)))

static STATE first(void) { return 0; }

static unsigned expand(STATE s, STATE *out) {
    unsigned n = 0;
    for (int i = 0; i < N; i++) {
        STATE one = FORK(i ? i : 1), other = FORK(i ? (i + 1) % N : 0), step = (STATE)1 << 3 * i;
        switch (s >> 3 * i & 7) {
        case 0: out[n++] = s + step; break;
        case 1: if (!(s & one)) out[n++] = (s | one) + step; break;
        case 2: if (!(s & other)) out[n++] = (s | other) + step; break;
        case 3: out[n++] = (s & ~other) + step; break;
        case 4: out[n++] = (s & ~one) - 4 * step; break;
        }
    }
    return n;
}
