/* Twin of specs/qemu/aio_notify_2014.py, stated anew from it. -DNESTED: a second waiter, which polls some number of times. */
#define REQUESTS 2
#define ALL ((1 << REQUESTS) - 1)

bool dispatching, event;
byte pending, done;

inline aio_poll()
{
    blocking = (pending == 0);
    d_step { fetched = pending; pending = 0 };
    d_step { done = done | fetched; fetched = 0 };
    if
    :: blocking -> (event); event = false
    :: else
    fi;
    d_step { dispatching = true; blocking = false };
    dispatching = false
}

active proctype waiter()
{
    bool blocking; byte fetched;
    do
    :: done != ALL -> aio_poll()
    :: else -> break
    od
}

#ifdef NESTED
active proctype nested_waiter()
{
    bool blocking; byte fetched;
    do
    :: true -> aio_poll()
    :: true -> break
    od
}
#endif

active proctype notifier()
{
    byte r;
    do
    :: r < REQUESTS ->
       d_step { pending = pending | (1 << r); r++ };
       if
       :: !dispatching -> event = true
       :: else
       fi;
       if
       :: true -> (pending == 0)
       :: true
       fi
    :: else -> break
    od
}

ltl every_request_is_done { <>[] (done == ALL) }
