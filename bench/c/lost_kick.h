/* V vcpus kick Q queues. Bits: for each queue 2 of counter, then assigned, handler, pending; for each vcpu 2 of phase and
 * 2 of queue. */
#define MOST (V * Q + 5 * Q)
#define QUEUE(q) (5 * (q))
#define ASSIGNED(q) ((STATE)1 << (QUEUE(q) + 2))
#define HANDLER(q) ((STATE)1 << (QUEUE(q) + 3))
#define PENDING(q) ((STATE)1 << (QUEUE(q) + 4))
#define COUNTER(q) ((STATE)3 << QUEUE(q))
#define VCPU(v) (5 * Q + 4 * (v))

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
    for (int q = 0; q < Q; q++) {
        int assigned = !!(s & ASSIGNED(q)), handler = !!(s & HANDLER(q));
        STATE served = s & COUNTER(q) ? s & ~(COUNTER(q) | PENDING(q)) : s;
        if (!assigned && !handler)
            out[n++] = s | ASSIGNED(q);
        if (assigned && !handler)
            out[n++] = s | HANDLER(q);
        if (handler && s & COUNTER(q))
            out[n++] = served;
        if (assigned && handler)
            out[n++] = s & ~ASSIGNED(q);
        if (!assigned && handler)
            out[n++] = served & ~HANDLER(q);
    }
    return n;
}
