"""QEMU with an I/O thread: the main loop and the vcpu are threads of their own, under one mutex. Does either starve?

With KVM the vcpu drops the mutex around KVM_RUN. With TCG it holds the mutex while guest code runs, so the main loop,
when it wants the mutex, makes it leave: it holds the fair mutex, tries the global one, and on failure sends SIG_IPI.
Lines are those of QEMU 25db9ebe15. Neither mutex has a queue: who finds it free may take it.
"""

from modelcheck import (
    Bool, Case, Const, Spec, action, assume, happens, infinitely_often, procedure, process, temporal, violates, when,
    where,
)  # fmt: skip

accelerator = Const("tcg")                    # kvm or tcg
sends_sig_ipi = Const(True)                   # qemu_mutex_lock_iothread, where the mutex is taken (cpus.c)
fair_mutex = Const(True)                      # whoever waits for the global mutex holds it
cpu_signal_sets = Const(("cpu_single_env", "exit_request"))  # the handler of SIG_IPI; the second since 1a28cac316
tcg_order = Const(("current_tb", "exit_request", "execute"))  # of cpu_exec (b0052d1531)
alarm = Const("none")                         # dynticks: SIGALRM is blocked and read from a signalfd; or a timerfd

assume(accelerator == "kvm" or accelerator == "tcg", "there are two accelerators")


class IoThread(Spec):
    global_mutex = Bool(init=False)           # qemu_global_mutex is taken
    fair = Bool(init=False)                   # qemu_fair_mutex is taken
    sig_ipi = Bool(init=False)                # pending for the vcpu's thread
    exit_request = Bool(init=False)           # the global flag
    env_exit_request = Bool(init=False)
    cpu_single_env = Bool(init=False)         # not NULL
    current_tb = Bool(init=False)
    unlinked = Bool(init=False)               # the chain of blocks ends after the current one
    armed = Bool(init=alarm != "none")        # the host's timer will expire
    readable = Bool(init=False)               # the signalfd, or the timerfd

    @action(fair="weak")
    def timer_expires(self):
        when(self.armed)
        self.armed = False
        self.readable = True

    # --- the main loop ------------------------------------------------------------------------------------------------

    @procedure
    def qemu_mutex_lock_iothread(self):
        if fair_mutex:
            yield "lock fair", "cpus.c: qemu_mutex_lock_iothread"
            when(not self.fair)
            self.fair = True
        if accelerator == "tcg":
            yield "trylock", "cpus.c: qemu_mutex_lock_iothread"
            if self.global_mutex:
                if sends_sig_ipi:
                    yield "SIG_IPI", "cpus.c: qemu_mutex_lock_iothread"
                    self.sig_ipi = True
                yield "lock", "cpus.c: qemu_mutex_lock_iothread"
                when(not self.global_mutex)
            self.global_mutex = True
        else:
            yield "lock, KVM", "cpus.c: qemu_mutex_lock_iothread"
            when(not self.global_mutex)
            self.global_mutex = True
        if fair_mutex:
            yield "unlock fair", "cpus.c: qemu_mutex_lock_iothread"
            self.fair = False

    @process(fair="weak")
    def main_loop(self):
        while True:
            yield "select", "vl.c: main_loop_wait"       # without the mutex; without an alarm, something else is ready
            when(self.readable or alarm == "none")
            yield from self.qemu_mutex_lock_iothread()
            yield "dispatch", "vl.c: main_loop_wait"
            if self.readable:                 # host_alarm_handler, then qemu_run_all_timers
                self.readable = False
                self.armed = True
            yield "unlock", "cpus.c: qemu_mutex_unlock_iothread"
            self.global_mutex = False

    # --- the vcpu -----------------------------------------------------------------------------------------------------

    @action(fair="weak")
    def cpu_signal(self):
        """The handler of SIG_IPI (cpus.c:664), between any two steps of the vcpu's thread."""
        when(self.sig_ipi and accelerator == "tcg")
        self.sig_ipi = False
        if "cpu_single_env" in cpu_signal_sets and self.cpu_single_env:
            self.env_exit_request = True
            if self.current_tb:
                self.unlinked = True
        if "exit_request" in cpu_signal_sets:
            self.exit_request = True

    @procedure
    def tcg_cpu_exec(self):
        """cpu-exec.c: cpu_exec. The guest is a tight loop: a chain of blocks ends only where it was unlinked."""
        yield "cpu_single_env = env", "cpu-exec.c: cpu_exec"
        self.cpu_single_env = True
        yield "exit_request?", "cpu-exec.c: cpu_exec"
        if self.exit_request:
            self.env_exit_request = True
        while True:
            yield "env->exit_request?", "cpu-exec.c:553"
            if self.env_exit_request:
                break
            for part in tcg_order:
                if part == "current_tb":
                    yield "current_tb = tb", "cpu-exec.c:604"
                    self.current_tb = True
                elif part == "exit_request":
                    yield "look again", "cpu-exec.c:604"
                    if self.env_exit_request:
                        break
                else:
                    while True:
                        yield "execute", "cpu-exec.c: cpu_exec"
                        if self.unlinked:
                            break
            yield "current_tb = NULL", "cpu-exec.c: cpu_exec"
            self.current_tb = False
            self.unlinked = False
        yield "cpu_exec returns", "cpu-exec.c: cpu_exec"
        self.env_exit_request = False
        self.cpu_single_env = False

    @procedure
    def cpu_exec_all(self):
        """cpus.c:913."""
        yield "cpu_exec_all", "cpus.c: cpu_exec_all"
        if not self.exit_request:
            yield from self.tcg_cpu_exec()
        yield "exit_request = 0", "cpus.c: cpu_exec_all"
        self.exit_request = False

    @procedure
    def qemu_tcg_wait_io_event(self):
        """cpus.c:486: the mutex is dropped, so that the main loop can have it."""
        yield "unlock global", "cpus.c:486"
        self.global_mutex = False
        if fair_mutex:
            yield "wait for fair", "cpus.c:486"
            when(not self.fair)
            self.fair = True
            yield "release fair", "cpus.c:486"
            self.fair = False
        yield "lock global", "cpus.c:486"
        when(not self.global_mutex)
        self.global_mutex = True

    @process(fair="weak")
    def vcpu(self):
        yield "start", "cpus.c:622"
        when(not self.global_mutex)
        self.global_mutex = True
        while accelerator == "tcg":
            yield from self.cpu_exec_all()
            yield from self.qemu_tcg_wait_io_event()
        if accelerator == "kvm":
            yield "pre_run", "kvm-all.c: kvm_cpu_exec"
            self.global_mutex = False
            while True:
                yield "KVM_RUN", "kvm-all.c: kvm_cpu_exec"  # a tight loop: nothing makes it return

    @temporal
    def main_loop_is_not_starved(self):
        """NoStarvation: the main loop gets the mutex again and again."""
        return infinitely_often(happens(self.main_loop, "dispatch"))

    @temporal
    def timer_is_rearmed(self):
        """TimerEventuallyRearmed."""
        return infinitely_often(self.armed or alarm == "none")


CASES = [
    Case("I01 KVM", IoThread, where(accelerator="kvm")),
    Case("I02 TCG, SIG_IPI and the fair mutex", IoThread),
    Case("I03 TCG, no SIG_IPI", IoThread, violates("main_loop_is_not_starved"), where(sends_sig_ipi=False)),
    # The vcpu leaves, and takes the mutex again before the main loop wakes up: for ever.
    Case("I04 TCG, no fair mutex", IoThread, violates("main_loop_is_not_starved"), where(fair_mutex=False)),
    # SIG_IPI while cpu_single_env is NULL finds nobody to tell, and the main loop sends it only once.
    Case("I05 TCG, no global exit_request", IoThread, violates("main_loop_is_not_starved"),
         where(cpu_signal_sets=("cpu_single_env",))),
    Case("I06 TCG, old order of current_tb", IoThread, violates("main_loop_is_not_starved"),
         where(tcg_order=("current_tb", "execute"))),
    # SIGALRM is blocked in every thread: pending means readable, and no test is left that a signal could come after.
    Case("P01 KVM dynticks", IoThread, where(accelerator="kvm", alarm="dynticks")),
    Case("P01 TCG dynticks", IoThread, where(alarm="dynticks")),
    # A timerfd is one more descriptor of select(). Without the I/O thread it is row B06.
    Case("P02 KVM timerfd", IoThread, where(accelerator="kvm", alarm="timerfd")),
    Case("P02 TCG timerfd", IoThread, where(alarm="timerfd")),
]
