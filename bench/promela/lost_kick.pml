/* V vcpus kick Q queues while the main loop starts and stops their eventfds. phase: idle, add, kick, serve. */
byte counter[Q];
bool assigned[Q], handler[Q], pending[Q];
byte phase[V], queue[V]; /* queue is 0 unless the vcpu is busy */

#define MINE queue[_pid]
#define DONE phase[_pid] = 0; MINE = 0
#define PICK(q) :: d_step { q < Q && phase[_pid] == 0 -> MINE = q; phase[_pid] = 1 }

active [V] proctype vcpu() {
  do
  PICK(0) PICK(1) PICK(2) PICK(3)
  :: d_step { phase[_pid] == 1 -> pending[MINE] = true; phase[_pid] = 2 }
  :: d_step { phase[_pid] == 2 ->
       if
       :: assigned[MINE] -> counter[MINE] = (counter[MINE] < 2 -> counter[MINE] + 1 : 2); DONE
       :: else -> phase[_pid] = 3
       fi }
  :: d_step { phase[_pid] == 3 -> pending[MINE] = false; DONE }
  od
}

#define ME (_pid - V)

active [Q] proctype main_loop() {
  do
  :: d_step { !assigned[ME] && !handler[ME] -> assigned[ME] = true }
  :: d_step { assigned[ME] && !handler[ME] -> handler[ME] = true }
  :: d_step { handler[ME] && counter[ME] > 0 -> counter[ME] = 0; pending[ME] = false }
  :: d_step { assigned[ME] && handler[ME] -> assigned[ME] = false }
  :: d_step { !assigned[ME] && handler[ME] ->
       handler[ME] = false;
       pending[ME] = (counter[ME] > 0 -> false : pending[ME]);
       counter[ME] = 0 }
  od
}
