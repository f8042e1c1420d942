/* Twin of specs/die_hard.py. -DCHECK: big is never 4. */
byte small, big;
byte n;

active proctype jugs()
{
end:
    do
    :: d_step { small = 3 }
    :: d_step { big = 5 }
    :: d_step { small = 0 }
    :: d_step { big = 0 }
    :: d_step { n = (small < 5 - big -> small : 5 - big); small = small - n; big = big + n; n = 0 }
    :: d_step { n = (big < 3 - small -> big : 3 - small); big = big - n; small = small + n; n = 0 }
    od
}

#ifdef CHECK
active proctype monitor()
{
end:
    d_step { big == 4 -> assert(false) }
}
#endif
