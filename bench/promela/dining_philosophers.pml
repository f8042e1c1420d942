/* Dining philosophers, the one at seat 0 left-handed. phase: thinking, hungry, one fork, eating, sated. */
byte phase[N];
bool taken[N];

#define FIRST (_pid == 0 -> 1 : _pid)
#define SECOND (_pid == 0 -> 0 : (_pid + 1) % N)

active [N] proctype philosopher() {
  do
  :: d_step { phase[_pid] == 0 -> phase[_pid] = 1 }
  :: d_step { phase[_pid] == 1 && !taken[FIRST] -> taken[FIRST] = true; phase[_pid] = 2 }
  :: d_step { phase[_pid] == 2 && !taken[SECOND] -> taken[SECOND] = true; phase[_pid] = 3 }
  :: d_step { phase[_pid] == 3 -> taken[SECOND] = false; phase[_pid] = 4 }
  :: d_step { phase[_pid] == 4 -> taken[FIRST] = false; phase[_pid] = 0 }
  od
}
