/* Twin of specs/two_phase_commit.py for three managers: one action, one d_step. -DCHECK: consistent. */
#define WORKING 0
#define PREPARED 1
#define COMMITTED 2
#define ABORTED 3
#define UNDECIDED 0

byte rm[3], tm, heard, sent;      /* heard, sent: one bit for each manager */
bool commit_sent, abort_sent;

#define MANAGER(i) \
    :: d_step { rm[i] == WORKING -> rm[i] = PREPARED; sent = sent | (1 << i) } \
    :: d_step { rm[i] == WORKING -> rm[i] = ABORTED } \
    :: d_step { tm == UNDECIDED && (sent & (1 << i)) -> heard = heard | (1 << i) } \
    :: d_step { commit_sent -> rm[i] = COMMITTED } \
    :: d_step { abort_sent -> rm[i] = ABORTED }

active proctype protocol()
{
end:
    do
    MANAGER(0)
    MANAGER(1)
    MANAGER(2)
    :: d_step { tm == UNDECIDED && heard == 7 -> tm = COMMITTED; commit_sent = true }
    :: d_step { tm == UNDECIDED -> tm = ABORTED; abort_sent = true }
    od
}

#define ANY(v) (rm[0] == v || rm[1] == v || rm[2] == v)

#ifdef CHECK
active proctype monitor()
{
end:
    d_step { ANY(COMMITTED) && ANY(ABORTED) -> assert(false) }
}
#endif
