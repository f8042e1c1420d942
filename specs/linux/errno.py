"""The error numbers of Linux that the parts return, negative as inside the kernel
(include/uapi/asm-generic/errno.h)."""

from modelcheck import Const

EBADF = Const(9)
EAGAIN = Const(11)
EBUSY = Const(16)
EEXIST = Const(17)
EINVAL = Const(22)
EMFILE = Const(24)
EPIPE = Const(32)
