/* Two-phase commit, N managers. rm: working 0, prepared 1, committed 2, aborted 3. tm: open 0, committed 1, aborted 2. */
byte rm[N];
byte tm;
short heard, sent; /* sets */
bool commit_sent, abort_sent;

#define MINE (1 << _pid)

active [N] proctype manager() {
  do
  :: d_step { tm == 0 && (sent & MINE) -> heard = heard | MINE }
  :: d_step { rm[_pid] == 0 -> rm[_pid] = 1; sent = sent | MINE }
  :: d_step { rm[_pid] == 0 -> rm[_pid] = 3 }
  :: d_step { commit_sent -> rm[_pid] = 2 }
  :: d_step { abort_sent -> rm[_pid] = 3 }
  od
}

active proctype transaction_manager() {
  do
  :: d_step { tm == 0 && heard == (1 << N) - 1 -> tm = 1; commit_sent = true }
  :: d_step { tm == 0 -> tm = 2; abort_sent = true }
  od
}
