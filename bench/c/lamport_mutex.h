/* Lamport's mutual exclusion, N <= 3 processes; clocks stop at LAST_CLOCK. Bits: 4 of clock for each process; for each pair
 * 4 of the clock of the request that one knows of the other; for each process, who acknowledged; who is critical; for each
 * channel 3 kinds of 2 bits, the head first (none, request, acknowledge, release), and 4 of the clock of the one request
 * that it can hold. */
typedef unsigned __int128 STATE;
enum { LAST_CLOCK = MOST };
#undef MOST
#define MOST (N * (N + 2))
#define CLOCK(p) (4 * (p))
#define REQUEST(p, q) (4 * (N + (p) * N + (q)))
#define ACKNOWLEDGED(p) (4 * N * (N + 1) + N * (p))
#define CRITICAL ACKNOWLEDGED(N)
#define CHANNEL(p, q) (5 * N * (N + 1) + 10 * ((p) * (N - 1) + (q) - ((q) > (p))))
enum { ASKS = 1, ACKNOWLEDGES, RELEASES };

static unsigned get(STATE s, int at, int width) { return (unsigned)(s >> at) & ((1u << width) - 1); }

static STATE set(STATE s, int at, int width, unsigned value) {
    return (s & ~((STATE)((1u << width) - 1) << at)) | (STATE)value << at;
}

static STATE send(STATE s, int p, int q, unsigned kind, unsigned clock) {
    int at = CHANNEL(p, q), place = 0;
    while (get(s, at + place, 2))
        place += 2;
    if (place > 4) {
        fprintf(stderr, "a channel is full\n");
        exit(1);
    }
    s = set(s, at + place, 2, kind);
    return kind == ASKS ? set(s, at + 6, 4, clock) : s;
}

static STATE received(STATE s, int q, int p) {
    int at = CHANNEL(q, p);
    unsigned kinds = get(s, at, 6);
    if ((kinds & 3) == ASKS)
        s = set(s, at + 6, 4, 0);
    return set(s, at, 6, kinds >> 2);
}

static STATE to_others(STATE s, int p, unsigned kind, unsigned clock) {
    for (int q = 0; q < N; q++)
        if (q != p)
            s = send(s, p, q, kind, clock);
    return s;
}

static int first_of_all(STATE s, int p) {
    unsigned mine = get(s, REQUEST(p, p), 4);
    for (int q = 0; q < N; q++) {
        unsigned theirs = get(s, REQUEST(p, q), 4);
        if (q != p && theirs && (theirs < mine || (theirs == mine && q < p)))
            return 0;
    }
    return 1;
}

static STATE first(void) {
    STATE s = 0;
    for (int p = 0; p < N; p++)
        s = set(s, CLOCK(p), 4, 1);
    return s;
}

static unsigned expand(STATE s, STATE *out) {
    unsigned n = 0, everybody = (1u << N) - 1;
    for (int p = 0; p < N; p++) {
        unsigned clock = get(s, CLOCK(p), 4), critical = get(s, CRITICAL, N);
        if (!get(s, REQUEST(p, p), 4)) {
            STATE asks = set(set(s, REQUEST(p, p), 4, clock), ACKNOWLEDGED(p), N, 1u << p);
            out[n++] = to_others(asks, p, ASKS, clock);
        }
        if (get(s, ACKNOWLEDGED(p), N) == everybody && first_of_all(s, p))
            out[n++] = set(s, CRITICAL, N, critical | 1u << p);
        if (critical >> p & 1) {
            STATE leaves = set(set(s, REQUEST(p, p), 4, 0), ACKNOWLEDGED(p), N, 0);
            out[n++] = to_others(set(leaves, CRITICAL, N, critical & ~(1u << p)), p, RELEASES, 0);
        }
        for (int q = 0; q < N; q++) {
            if (q == p)
                continue;
            unsigned theirs = get(s, CHANNEL(q, p) + 6, 4), later = theirs > clock ? theirs : clock;
            switch (get(s, CHANNEL(q, p), 2)) {
            case ASKS:
                if (later < LAST_CLOCK) {
                    STATE knows = set(set(received(s, q, p), REQUEST(p, q), 4, theirs), CLOCK(p), 4, later + 1);
                    out[n++] = send(knows, p, q, ACKNOWLEDGES, 0);
                }
                break;
            case ACKNOWLEDGES:
                out[n++] = set(received(s, q, p), ACKNOWLEDGED(p), N, get(s, ACKNOWLEDGED(p), N) | 1u << q);
                break;
            case RELEASES: out[n++] = set(received(s, q, p), REQUEST(p, q), 4, 0); break;
            }
        }
    }
    return n;
}
