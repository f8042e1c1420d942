/* Peterson's filter lock, N processes; the wait looks at one of them at a time.
 * phase: announce, come last, look, enter, critical. */
byte level[N], phase[N], looking[N];
byte last[N] = N; /* N: nobody */

#define MINE level[_pid]
#define OTHER looking[_pid]

active [N] proctype contender() {
  do
  :: d_step { phase[_pid] == 0 -> MINE = MINE + 1; phase[_pid] = 1 }
  :: d_step { phase[_pid] == 1 -> last[MINE] = _pid; phase[_pid] = 2 }
  :: d_step { phase[_pid] == 2 && (OTHER == _pid || level[OTHER] < MINE || last[MINE] != _pid) ->
       if
       :: OTHER == N - 1 -> OTHER = 0; phase[_pid] = (MINE == N - 1 -> 3 : 0)
       :: else -> OTHER = OTHER + 1
       fi }
  :: d_step { phase[_pid] == 3 -> phase[_pid] = 4 }
  :: d_step { phase[_pid] == 4 -> MINE = 0; phase[_pid] = 0 }
  od
}
