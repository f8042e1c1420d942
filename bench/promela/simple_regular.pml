/* SimpleRegular, N processes. A cell (a register) is a set: 1 for false, 2 for true. place: begin write, end write, read, done. */
byte cell[N] = 1;
bool seen[N];
byte place[N];

#define LEFT cell[(_pid + N - 1) % N]

active [N] proctype neighbour() {
  do
  :: d_step { place[_pid] == 0 -> cell[_pid] = 3; place[_pid] = 1 }
  :: d_step { place[_pid] == 1 -> cell[_pid] = 2; place[_pid] = 2 }
  :: d_step { place[_pid] == 2 && (LEFT & 1) -> seen[_pid] = false; place[_pid] = 3 }
  :: d_step { place[_pid] == 2 && (LEFT & 2) -> seen[_pid] = true; place[_pid] = 3 }
  od
}
