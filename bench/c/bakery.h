/* Lamport's bakery, N processes that enter ENTRIES times each. Bits of each: 4 of place (enter the doorway, read N tickets,
 * draw, leave the doorway, wait for each other to have drawn and for one's turn, critical), ROUND of round, 1 drawing, 4 of
 * ticket, 4 of the highest ticket seen. */
typedef uint64_t STATE;
#define MOST N
#define ROUND (N < 4 ? 3 : 2)
#define WIDTH (13 + ROUND)
#define LEAVE (N + 2)
#define CRITICAL (3 * N + 1)
#define PLACE(i) (WIDTH * (i))
#define DRAWING(i) ((STATE)16 << ROUND << PLACE(i))
#define TICKET(i) (PLACE(i) + 5 + ROUND)
#define HIGHEST(i) (PLACE(i) + 9 + ROUND)
#define NIBBLE(s, shift) ((s) >> (shift) & 15)

static STATE first(void) { return 0; }

static unsigned expand(STATE s, STATE *out) {
    unsigned n = 0;
    for (int me = 0; me < N; me++) {
        STATE step = (STATE)1 << PLACE(me), mine = NIBBLE(s, TICKET(me)), highest = NIBBLE(s, HIGHEST(me));
        int at = NIBBLE(s, PLACE(me));
        if (at == 0) {
            if ((s >> (PLACE(me) + 4) & ((1 << ROUND) - 1)) < ENTRIES)
                out[n++] = (s | DRAWING(me)) + step;
        } else if (at <= N) {
            STATE ticket = NIBBLE(s, TICKET(at - 1));
            out[n++] = (ticket > highest ? s + ((ticket - highest) << HIGHEST(me)) : s) + step;
        } else if (at == N + 1) {
            out[n++] = s - (highest << HIGHEST(me)) + ((highest + 1) << TICKET(me)) + step;
        } else if (at == LEAVE) {
            out[n++] = (s & ~DRAWING(me)) + step;
        } else if (at < CRITICAL) {
            int past = (at - LEAVE - 1) / 2, other = past < me ? past : past + 1;
            STATE theirs = NIBBLE(s, TICKET(other));
            int turn = theirs == 0 || mine < theirs || (mine == theirs && me < other);
            if ((at - LEAVE) % 2 ? !(s & DRAWING(other)) : turn)
                out[n++] = s + step;
        } else {
            out[n++] = s - (mine << TICKET(me)) - CRITICAL * step + ((STATE)16 << PLACE(me));
        }
    }
    return n;
}
