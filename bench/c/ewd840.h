/* EWD 840, N nodes. Bits: N active, N black, 4 the token's place, 1 the token's colour. */
typedef uint64_t STATE;
#define MOST (N * N + 1)
#define ACTIVE(i) ((STATE)1 << (i))
#define BLACK(i) ((STATE)1 << (N + (i)))
#define AT(i) ((STATE)(i) << 2 * N)
#define TOKEN_BLACK ((STATE)1 << (2 * N + 4))

static STATE first(void) { return (ACTIVE(N) - 1) | TOKEN_BLACK; }

static unsigned expand(STATE s, STATE *out) {
    unsigned n = 0;
    int at = s >> 2 * N & 15;
    STATE elsewhere = s & ~AT(15);
    if (at == 0) {
        if (s & (TOKEN_BLACK | BLACK(0)))
            out[n++] = (elsewhere & ~(TOKEN_BLACK | BLACK(0))) | AT(N - 1);
    } else if (!(s & ACTIVE(at)) || s & (BLACK(at) | TOKEN_BLACK)) {
        out[n++] = (elsewhere & ~BLACK(at)) | AT(at - 1) | (s & BLACK(at) ? TOKEN_BLACK : 0);
    }
    for (int i = 0; i < N; i++) {
        if (!(s & ACTIVE(i)))
            continue;
        out[n++] = s & ~ACTIVE(i);
        for (int r = 0; r < N; r++)
            if (r != i)
                out[n++] = s | ACTIVE(r) | (r > i ? BLACK(i) : 0);
    }
    return n;
}
