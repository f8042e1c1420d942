/* Twin of specs/qemu/aio_notify.py, stated anew from it. -DBLIND: the waiter does not look before it sleeps. */
#ifndef REQUESTS
#define REQUESTS 2
#endif
#ifdef BLIND
#define NOTHING_TO_DO true
#else
#define NOTHING_TO_DO (pending == 0)
#endif

bool notify_me, event;
byte pending, done;

active proctype waiter()
{
    byte fetched;
    do
    :: notify_me = true;
       if
       :: NOTHING_TO_DO -> (event); event = false
       :: else
       fi;
       notify_me = false;
       d_step { fetched = pending; pending = 0 };
       d_step { done = done | fetched; fetched = 0 }
    od
}

active proctype notifier()
{
    byte r;
    do
    :: r < REQUESTS ->
       d_step { pending = pending | (1 << r); r++ };
       if
       :: notify_me -> event = true
       :: else
       fi;
       if
       :: (pending == 0)   /* waits for completion */
       :: true
       fi
    :: else -> break
    od
}

ltl every_request_is_done { <>[] (done == (1 << REQUESTS) - 1) }
