/* V vcpus kick Q queues while the main loop starts and stops their eventfds.
 * phase: pick, add, kick, look. work: select, set handler, unset handler, test and clear, drain, dispatch. */
byte counter[Q];
bool assigned[Q], handler[Q], pending[Q];
byte phase[V], queue[V]; /* queue is 0 unless the vcpu is busy */
byte work, at; /* at: the queue that the main loop works on, 0 while it selects */

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

#define SELECT work = 0; at = 0
#define SERVE(q) \
  :: d_step { q < Q && work == 0 && !assigned[(q) % Q] -> assigned[(q) % Q] = true; at = q; work = 1 } \
  :: d_step { q < Q && work == 0 && assigned[(q) % Q] -> assigned[(q) % Q] = false; at = q; work = 2 } \
  :: d_step { q < Q && work == 0 && handler[(q) % Q] && counter[(q) % Q] > 0 -> \
       counter[(q) % Q] = 0; at = q; work = 5 }

active proctype main_loop() {
  do
  SERVE(0) SERVE(1) SERVE(2) SERVE(3)
  :: d_step { work == 1 -> handler[at] = true; SELECT }
  :: d_step { work == 2 -> handler[at] = false; work = 3 }
  :: d_step { work == 3 ->
       if
       :: counter[at] > 0 -> counter[at] = 0; work = 4
       :: else -> SELECT
       fi }
  :: d_step { work >= 4 -> pending[at] = false; SELECT } /* after a stop 4, else 5 */
  od
}
