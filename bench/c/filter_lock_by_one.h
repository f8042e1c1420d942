/* Peterson's filter lock, N processes, the wait looks at one at a time. Bits: 3 each for a level, who came to it last (N:
 * nobody), a phase (announce, come last, look, enter, critical), whom it looks at. */
typedef uint64_t STATE;
#define MOST N
#define GET(s, base, i) ((s) >> (3 * ((base) * N + (i))) & 7)
#define UNIT(base, i) ((STATE)1 << (3 * ((base) * N + (i))))
enum { LEVEL, LAST, PHASE, LOOKING };

static STATE first(void) {
    STATE s = 0;
    for (int i = 0; i < N; i++)
        s += N * UNIT(LAST, i);
    return s;
}

static unsigned expand(STATE s, STATE *out) {
    unsigned n = 0;
    for (int p = 0; p < N; p++) {
        STATE level = GET(s, LEVEL, p), last = GET(s, LAST, level), other = GET(s, LOOKING, p);
        switch (GET(s, PHASE, p)) {
        case 0: out[n++] = s + UNIT(LEVEL, p) + UNIT(PHASE, p); break;
        case 1: out[n++] = s - last * UNIT(LAST, level) + p * UNIT(LAST, level) + UNIT(PHASE, p); break;
        case 2:
            if (other != (STATE)p && GET(s, LEVEL, other) >= level && last == (STATE)p)
                break;
            if (other < N - 1)
                out[n++] = s + UNIT(LOOKING, p);
            else
                out[n++] = s - other * UNIT(LOOKING, p) + (level == N - 1 ? 1 : -2) * UNIT(PHASE, p);
            break;
        case 3: out[n++] = s + UNIT(PHASE, p); break;
        case 4: out[n++] = s - level * UNIT(LEVEL, p) - 4 * UNIT(PHASE, p); break;
        }
    }
    return n;
}
