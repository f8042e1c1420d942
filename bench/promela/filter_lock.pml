/* Peterson's filter lock, N processes; the wait looks at one process at a time. phase: idle, announced, waits, may enter. */
byte level[N], last[N], phase[N], looking[N];

#define OTHER looking[_pid]
#define PASSES (OTHER == _pid || level[OTHER] < level[_pid] || last[level[_pid]] != _pid)

active [N] proctype process() {
  do
  :: d_step { phase[_pid] == 0 && level[_pid] < N - 1 -> level[_pid] = level[_pid] + 1; phase[_pid] = 1 }
  :: d_step { phase[_pid] == 1 -> last[level[_pid]] = _pid; phase[_pid] = 2 }
  :: d_step { phase[_pid] == 2 && PASSES ->
       if
       :: OTHER == N - 1 ->
            OTHER = 0;
            phase[_pid] = (level[_pid] == N - 1 -> 3 : 0)
       :: else -> OTHER = OTHER + 1
       fi }
  :: d_step { phase[_pid] == 3 -> level[_pid] = 0; phase[_pid] = 0 }
  od
}
