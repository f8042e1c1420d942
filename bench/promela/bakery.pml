/* Lamport's bakery, N processes that enter ENTRIES times each. place: enter the doorway, read N tickets, draw, leave the
 * doorway, wait for each other to have drawn and for one's turn, critical. highest is 0 unless tickets are read. */
byte place[N], round[N], ticket[N], highest[N];
bool drawing[N];

#define AT place[_pid]
#define LEAVE (N + 2)
#define CRITICAL (3 * N + 1)
#define PAST ((AT - LEAVE - 1) / 2)
#define OTHER (PAST < _pid -> PAST : PAST + 1)
#define WAITS(k) (AT > LEAVE && AT < CRITICAL && (AT - LEAVE - 1) % 2 == k)
#define BEFORE(q) (ticket[q] == 0 || ticket[_pid] < ticket[q] || (ticket[_pid] == ticket[q] && _pid < q))

active [N] proctype customer() {
  do
  :: d_step { AT == 0 && round[_pid] < ENTRIES -> drawing[_pid] = true; AT = 1 }
  :: d_step { AT > 0 && AT <= N ->
       highest[_pid] = (ticket[AT - 1] > highest[_pid] -> ticket[AT - 1] : highest[_pid]);
       AT = AT + 1 }
  :: d_step { AT == N + 1 -> ticket[_pid] = highest[_pid] + 1; highest[_pid] = 0; AT = AT + 1 }
  :: d_step { AT == LEAVE -> drawing[_pid] = false; AT = AT + 1 }
  :: d_step { WAITS(0) && !drawing[OTHER] -> AT = AT + 1 }
  :: d_step { WAITS(1) && BEFORE(OTHER) -> AT = AT + 1 }
  :: d_step { AT == CRITICAL -> ticket[_pid] = 0; round[_pid] = round[_pid] + 1; AT = 0 }
  od
}
