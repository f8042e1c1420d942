/* Twin of specs/peterson.py. Nobody has to leave idle: it has a step to itself there. -DTURN_FIRST: the wrong order.
   -DNO_TURN: nobody gives the turn away. -DAFTER_YOU: each lowers its flag when it sees the other's. */
bool flag[2], gives[2], inside[2];  /* gives, inside: where each process stands */
byte turn;

active [2] proctype contender()
{
idle:
    do
    :: true -> skip
    :: break
    od;
    skip;   /* a d_step cannot be jumped to */
#ifdef AFTER_YOU
again:
    skip;
    d_step { flag[_pid] = true; gives[_pid] = true };
    if
    :: d_step { flag[1 - _pid] -> flag[_pid] = false; gives[_pid] = false };
       goto again
    :: d_step { !flag[1 - _pid] -> gives[_pid] = false; inside[_pid] = true }
    fi;
#else
#ifdef TURN_FIRST
    turn = 1 - _pid;
    d_step { flag[_pid] = true; gives[_pid] = true };
#else
    d_step { flag[_pid] = true; gives[_pid] = true };
#ifndef NO_TURN
    turn = 1 - _pid;
#endif
#endif
    d_step { !flag[1 - _pid] || turn == _pid -> gives[_pid] = false; inside[_pid] = true };
#endif
    inside[_pid] = false;
    flag[_pid] = false;
    goto idle
}

ltl nobody_starves { [] (gives[0] -> <> inside[0]) && [] (gives[1] -> <> inside[1]) }
