/* V vcpus kick Q queues. Bits: for each queue 2 of counter, then assigned, handler, pending; for each vcpu 2 of phase and
 * 2 of queue; of the main loop 3 of work (select, set handler, unset handler, test and clear, drain, dispatch) and 2 of
 * queue. */
typedef uint64_t STATE;
#define MOST (V * Q + 2 * Q)
#define QUEUE(q) (5 * (q))
#define ASSIGNED(q) ((STATE)1 << (QUEUE(q) + 2))
#define HANDLER(q) ((STATE)1 << (QUEUE(q) + 3))
#define PENDING(q) ((STATE)1 << (QUEUE(q) + 4))
#define COUNTER(q) ((STATE)3 << QUEUE(q))
#define VCPU(v) (5 * Q + 4 * (v))
#define LOOP VCPU(V)
#define WORK(w, q) ((STATE)((w) | (q) << 3) << LOOP)

static STATE first(void) { return 0; }

static unsigned expand(STATE s, STATE *out) {
    unsigned n = 0;
    for (int v = 0; v < V; v++) {
        STATE idle = s & ~((STATE)15 << VCPU(v)), step = (STATE)1 << VCPU(v);
        int q = s >> (VCPU(v) + 2) & 3;
        switch (s >> VCPU(v) & 3) {
        case 0:
            for (int other = 0; other < Q; other++)
                out[n++] = s + (4 * other + 1) * step;
            break;
        case 1: out[n++] = (s | PENDING(q)) + step; break;
        case 2:
            if (!(s & ASSIGNED(q)))
                out[n++] = s + step;
            else
                out[n++] = (s >> QUEUE(q) & 3) < 2 ? idle + ((STATE)1 << QUEUE(q)) : idle;
            break;
        case 3: out[n++] = idle & ~PENDING(q); break;
        }
    }
    STATE rest = s & ~WORK(7, 3);
    int at = s >> (LOOP + 3) & 3;
    switch (s >> LOOP & 7) {
    case 0:
        for (int q = 0; q < Q; q++) {
            out[n++] = (s ^ ASSIGNED(q)) + (s & ASSIGNED(q) ? WORK(2, q) : WORK(1, q));
            if (s & HANDLER(q) && s & COUNTER(q))
                out[n++] = (s & ~COUNTER(q)) + WORK(5, q);
        }
        break;
    case 1: out[n++] = rest | HANDLER(at); break;
    case 2: out[n++] = (rest & ~HANDLER(at)) + WORK(3, at); break;
    case 3: out[n++] = s & COUNTER(at) ? (rest & ~COUNTER(at)) + WORK(4, at) : rest; break;
    default: out[n++] = rest & ~PENDING(at);
    }
    return n;
}
