/* Twin of specs/peterson.py. -DTURN_FIRST: the wrong order. -DCHECK: mutual exclusion. */
bool flag[2];
byte turn;
byte inside;                      /* as many as are at `critical` or behind: follows from where they stand */

active [2] proctype contender()
{
    do
    :: skip;
#ifdef TURN_FIRST
       turn = 1 - _pid;
       flag[_pid] = true;
#else
       flag[_pid] = true;
       turn = 1 - _pid;
#endif
       d_step { !flag[1 - _pid] || turn == _pid -> inside++ };
       skip;
       d_step { flag[_pid] = false; inside-- }
    od
}

#ifdef CHECK
active proctype monitor()
{
end:
    d_step { inside == 2 -> assert(false) }
}
#endif
