/* Peterson's filter lock, N processes, the wait looks at all at once. Bits: 3 each for a level, who came to it last (N:
 * nobody), a phase (start, come last, wait, critical). */
typedef uint64_t STATE;
#define MOST N
#define GET(s, base, i) ((s) >> (3 * ((base) * N + (i))) & 7)
#define UNIT(base, i) ((STATE)1 << (3 * ((base) * N + (i))))
enum { LEVEL, LAST, PHASE };

static STATE first(void) {
    STATE s = 0;
    for (int i = 0; i < N; i++)
        s += N * UNIT(LAST, i);
    return s;
}

static int all_lower(STATE s, int p, STATE level) {
    for (int q = 0; q < N; q++)
        if (q != p && GET(s, LEVEL, q) >= level)
            return 0;
    return 1;
}

static unsigned expand(STATE s, STATE *out) {
    unsigned n = 0;
    for (int p = 0; p < N; p++) {
        STATE level = GET(s, LEVEL, p), last = GET(s, LAST, level);
        switch (GET(s, PHASE, p)) {
        case 0: out[n++] = s + UNIT(LEVEL, p) + UNIT(PHASE, p); break;
        case 1: out[n++] = s - last * UNIT(LAST, level) + p * UNIT(LAST, level) + UNIT(PHASE, p); break;
        case 2:
            if (last == (STATE)p && !all_lower(s, p, level))
                break;
            out[n++] = level == N - 1 ? s + UNIT(PHASE, p) : s + UNIT(LEVEL, p) - UNIT(PHASE, p);
            break;
        case 3: out[n++] = s - level * UNIT(LEVEL, p) - 3 * UNIT(PHASE, p); break;
        }
    }
    return n;
}
