/* Two-phase commit, N managers. Bits: 2 for each manager (working, prepared, committed, aborted), 2 for the transaction
 * manager (open, committed, aborted), 1 for each manager that it has heard of, 1 for each "prepared" message, then the
 * commit and the abort message. */
typedef uint64_t STATE;
#define MOST (5 * N + 2)
#define TM (2 * N)
#define HEARD (2 * N + 2)
#define SENT (3 * N + 2)
#define BIT(i) ((STATE)1 << (i))
#define COMMIT BIT(4 * N + 2)
#define ABORT BIT(4 * N + 3)

static STATE first(void) { return 0; }

static unsigned expand(STATE s, STATE *out) {
    unsigned n = 0;
    int open = (s >> TM & 3) == 0;
    STATE all = (BIT(N) - 1) << HEARD;
    if (open && (s & all) == all)
        out[n++] = s | BIT(TM) | COMMIT;
    if (open)
        out[n++] = s | BIT(TM + 1) | ABORT;
    for (int rm = 0; rm < N; rm++) {
        STATE clear = s & ~((STATE)3 << 2 * rm);
        int at = s >> 2 * rm & 3;
        if (open && s & BIT(SENT + rm))
            out[n++] = s | BIT(HEARD + rm);
        if (at == 0) {
            out[n++] = clear | (STATE)1 << 2 * rm | BIT(SENT + rm);
            out[n++] = clear | (STATE)3 << 2 * rm;
        }
        if (s & COMMIT)
            out[n++] = clear | (STATE)2 << 2 * rm;
        if (s & ABORT)
            out[n++] = clear | (STATE)3 << 2 * rm;
    }
    return n;
}
