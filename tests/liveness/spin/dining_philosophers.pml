/* Twin of specs/dining_philosophers.py with 4 seats. -DLEFT_HANDED: the one at seat 0 takes the left fork first. */
#ifdef LEFT_HANDED
#define FIRST (_pid == 0 -> 1 : _pid)
#define SECOND (_pid == 0 -> 0 : (_pid + 1) % 4)
#else
#define FIRST _pid
#define SECOND ((_pid + 1) % 4)
#endif

bool taken[4], eats[4];

active [4] proctype philosopher()
{
    do
    :: d_step { !taken[FIRST] -> taken[FIRST] = true };
       d_step { !taken[SECOND] -> taken[SECOND] = true; eats[_pid] = true };
       d_step { taken[FIRST] = false; taken[SECOND] = false; eats[_pid] = false }
    od
}

ltl everybody_eats { []<> eats[0] && []<> eats[1] && []<> eats[2] && []<> eats[3] }
ltl somebody_keeps_eating { []<> (eats[0] || eats[1] || eats[2] || eats[3]) }
