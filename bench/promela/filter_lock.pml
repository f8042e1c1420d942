/* Peterson's filter lock, N processes; the wait looks at all of them at once. phase: start, come last, wait, critical. */
byte level[N], phase[N];
byte last[N] = N; /* N: nobody */

#define MINE level[_pid]
#define LOWER(q) (q >= N || q == _pid || level[(q) % N] < MINE)
#define ALL_LOWER (LOWER(0) && LOWER(1) && LOWER(2) && LOWER(3) && LOWER(4) && LOWER(5) && LOWER(6) && LOWER(7))

active [N] proctype contender() {
  do
  :: d_step { phase[_pid] == 0 -> MINE = 1; phase[_pid] = 1 }
  :: d_step { phase[_pid] == 1 -> last[MINE] = _pid; phase[_pid] = 2 }
  :: d_step { phase[_pid] == 2 && (last[MINE] != _pid || ALL_LOWER) ->
       if
       :: MINE == N - 1 -> phase[_pid] = 3
       :: else -> MINE = MINE + 1; phase[_pid] = 1
       fi }
  :: d_step { phase[_pid] == 3 -> MINE = 0; phase[_pid] = 0 }
  od
}
