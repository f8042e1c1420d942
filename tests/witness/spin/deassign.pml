/* Twin of specs/deassign.py: one label there is one d_step here.
   -DVCPUS=n -DQUEUES=n -DKICKS=n; -DNO_DRAIN, -DNO_SRCU, -DDRAIN_FIRST, -DDEASSIGN_FIRST: as the constants of the spec.
   -DCHECK: no_notify_is_lost. */
#ifndef VCPUS
#define VCPUS 1
#endif
#ifndef QUEUES
#define QUEUES 1
#endif
#ifndef KICKS
#define KICKS 2
#endif
#define NONE 255

byte added[QUEUES], seen[QUEUES];
bool signalled[QUEUES];
bool open[QUEUES] = true;
bool assigned[QUEUES] = true;
bool handler[QUEUES] = true;
bool mutex = true;
byte handling = NONE;
byte readers, awaited;            /* one bit for each vcpu */
byte kicking[VCPUS] = NONE;       /* the queue of the kick under way: the local `queue` while it is live */
bool stop_done;                     /* the process stop is done */

inline notify(v) { seen[v] = added[v] }

proctype vcpu(byte me)
{
    byte n;
    byte choice;
end:
    do
    :: atomic {
           n < KICKS ->
           choice = 0;
           do
           :: choice < QUEUES - 1 -> choice++
           :: break
           od;
           kicking[me] = choice;
           added[choice]++;
           choice = 0
       };
       if
       :: d_step { assigned[kicking[me]] -> readers = readers | (1 << me) };
          d_step {
              signalled[kicking[me]] = true;
              readers = readers & ~(1 << me);
              awaited = awaited & ~(1 << me);
              kicking[me] = NONE;
              n++
          }
       :: d_step { !assigned[kicking[me]] -> skip };
          d_step { !mutex -> notify(kicking[me]); kicking[me] = NONE; n++ }
       fi
    od
}

byte watched, ready;              /* one bit for each queue */
byte q = QUEUES;                  /* of the main loop; QUEUES: before it fills the fd_set */

inline fill()
{
    q = 0;
    do
    :: q < QUEUES -> watched = watched | (handler[q] << q); q++
    :: else -> break
    od;
    q = 0
}

inline poll()                     /* watched becomes ready */
{
    q = 0;
    do
    :: q < QUEUES -> ready = ready | (((watched >> q) & 1 && signalled[q]) << q); q++
    :: else -> break
    od;
    watched = 0;
    q = 0
}

inline advance()                  /* to the next ready queue; `ready` is dead at the last one */
{
    do
    :: q < QUEUES && !((ready >> q) & 1) -> q++
    :: else -> break
    od;
    ready = (q >= QUEUES - 1 -> 0 : ready)
}

proctype main_loop()
{
    do
    :: d_step { q == QUEUES -> fill(); mutex = false };
end_select:
       d_step { (watched & 1 && signalled[0]) || (QUEUES > 1 && (watched >> 1) & 1 && signalled[QUEUES - 1]) -> poll() };
       d_step { !mutex -> mutex = true; advance() }
    :: d_step {
           q < QUEUES && handler[q] && signalled[q] ->
           assert(open[q]);
           signalled[q] = false;
           handling = q
       };
       d_step { notify(q); handling = NONE; q++; advance() }
    :: d_step { q < QUEUES && !(handler[q] && signalled[q]) -> q++; advance() }
    od
}

byte s;                           /* the queue at which stop is */

#define UNSET d_step { handler[s] = false }

#ifdef NO_SRCU
#define DEASSIGN d_step { assert(open[s]); assigned[s] = false }
#else
#define DEASSIGN d_step { assert(open[s]); assigned[s] = false; awaited = readers }; d_step { awaited == 0 -> skip }
#endif

#ifdef NO_DRAIN
#define DRAIN
#else
#define DRAIN \
    if \
    :: d_step { signalled[s] -> assert(open[s]); signalled[s] = false; handling = s }; \
       d_step { notify(s); handling = NONE } \
    :: d_step { !signalled[s] -> assert(open[s]) } \
    fi;
#endif

proctype stop()
{
    d_step { !mutex -> mutex = true };
    do
#ifdef DEASSIGN_FIRST
    :: d_step { s < QUEUES -> assert(open[s]); assigned[s] = false; awaited = readers };
       d_step { awaited == 0 -> skip };
       UNSET;
       DRAIN
#else
    :: d_step { s < QUEUES -> handler[s] = false };
#ifdef DRAIN_FIRST
       DRAIN
       DEASSIGN;
#else
       DEASSIGN;
       DRAIN
#endif
#endif
       d_step { open[s] = false; s++ }
    :: d_step { s == QUEUES -> mutex = false; s = 0; stop_done = true } -> break
    od;
end:
    false                         /* a process that ends would take a step for it */
}

init
{
    byte i;
    atomic {
        do
        :: i < QUEUES -> i++; if :: signalled[i - 1] = true :: skip fi
        :: else -> break
        od;
        i = 0;
        do
        :: i < VCPUS -> run vcpu(i); i++
        :: else -> break
        od;
        run main_loop();
        run stop();
        i = 0
    }
}

#define KICKING(v) (kicking[0] == v || kicking[VCPUS - 1] == v || kicking[VCPUS / 2] == v)
#define WILL_BE_READ(v) (signalled[v] && open[v] && (handler[v] || !stop_done))
#define LOST(v) (seen[v] < added[v] && !KICKING(v) && !WILL_BE_READ(v) && handling != v)

#ifdef CHECK
active proctype monitor()
{
end:
    d_step { LOST(0) || LOST(QUEUES - 1) -> assert(false) }
}
#endif
