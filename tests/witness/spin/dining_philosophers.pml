/* Twin of specs/dining_philosophers.py. -DSEATS=n. -DLEFT_HANDED: the one at seat 0 takes the left fork first. */
#ifndef SEATS
#define SEATS 4
#endif
#ifdef LEFT_HANDED
#define FIRST (_pid == 0 -> 1 : _pid)
#define SECOND (_pid == 0 -> 0 : (_pid + 1) % SEATS)
#else
#define FIRST _pid
#define SECOND ((_pid + 1) % SEATS)
#endif

bool taken[SEATS];

active [SEATS] proctype philosopher()
{
    do
    :: d_step { !taken[FIRST] -> taken[FIRST] = true };
       d_step { !taken[SECOND] -> taken[SECOND] = true };
       d_step { taken[FIRST] = false; taken[SECOND] = false }
    od
}
