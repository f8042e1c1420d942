"""Modules that between them have every relocation that the linker knows. What they have is looked up in the test."""

from __future__ import annotations

# R_X86_64_PC32 to a table of constants, with offsets into it
TABLE = """
@table = private unnamed_addr constant [5 x i64] [i64 7, i64 11, i64 13, i64 17, i64 19], align 8
define i64 @f(i64 %i) {
  %a = getelementptr i64, ptr @table, i64 %i
  %x = load i64, ptr %a
  %y = load i64, ptr getelementptr (i64, ptr @table, i64 3)
  %z = mul i64 %x, 100
  %r = add i64 %z, %y
  ret i64 %r
}
"""

# R_X86_64_PC32 from one table of constants: the places that a switch goes to
SWITCH = """
declare i64 @llabs(i64)
define i64 @f(i64 %i) {
  %p = alloca i64
  store volatile i64 %i, ptr %p
  switch i64 %i, label %e [i64 0, label %a i64 1, label %b i64 2, label %c i64 3, label %d i64 4, label %g]
a: store volatile i64 31, ptr %p
   br label %e
b: %xb = call i64 @llabs(i64 -41)
   store volatile i64 %xb, ptr %p
   br label %e
c: %xc = load volatile i64, ptr %p
   %yc = mul i64 %xc, 59
   store volatile i64 %yc, ptr %p
   br label %e
d: store volatile i64 1, ptr %p
   store volatile i64 26, ptr %p
   br label %e
g: %xg = call i64 @llabs(i64 53)
   %yg = load volatile i64, ptr %p
   %zg = add i64 %xg, %yg
   store volatile i64 %zg, ptr %p
   br label %e
e: %r = load volatile i64, ptr %p
   ret i64 %r
}
"""

# R_X86_64_PLT32 to a function of the module
CALL = """
define i64 @g(i64 %i) noinline { %r = mul i64 %i, 3
  ret i64 %r }
define i64 @f(i64 %i) { %x = call i64 @g(i64 %i)
  %r = add i64 %x, 1
  ret i64 %r }
"""

# R_X86_64_PLT32 to functions of the C library
LIBRARY = """
declare ptr @memset(ptr, i32, i64)
declare i64 @strlen(ptr)
define i64 @f(i64 %i) {
  %p = alloca [64 x i8]
  %q = call ptr @memset(ptr %p, i32 0, i64 64)
  %q2 = call ptr @memset(ptr %p, i32 65, i64 %i)
  %n = call i64 @strlen(ptr %p)
  %x = load i64, ptr %p
  %r = xor i64 %n, %x
  ret i64 %r
}
"""

# R_X86_64_REX_GOTPCRELX, of a function of the module and of one of the library
ADDRESSES = """
declare i64 @strlen(ptr)
define i64 @g(i64 %i) noinline { ret i64 %i }
define i64 @f(i64 %i) {
  %odd = trunc i64 %i to i1
  %p = select i1 %odd, ptr @strlen, ptr @g
  %r = ptrtoint ptr %p to i64
  ret i64 %r
}
"""

# R_X86_64_GOTPCRELX: a call through the table of addresses
THROUGH = """
declare i64 @strlen(ptr) nonlazybind
define i64 @f(i64 %i) {
  %p = alloca i64
  %c = add i64 %i, 65
  store volatile i64 %c, ptr %p
  %y = call i64 @strlen(ptr %p)
  %r = add i64 %y, %i
  ret i64 %r
}
"""

# R_X86_64_GOTPCREL: by an instruction that has no other form
PLAIN = """
define i64 @g(i64 %i) noinline { ret i64 %i }
define i64 @f(i64 %i) {
  %x = call i64 asm "imulq $$1, g@GOTPCREL(%rip), $0", "=r"()
  ret i64 %x
}
"""

# R_X86_64_64: a table of addresses, with offsets, of the module and of the library
POINTERS = """
declare i64 @strlen(ptr)
@text = private unnamed_addr constant [8 x i8] c"abcdefg\\00"
@all = internal constant [4 x ptr] [ptr @g, ptr @h, ptr getelementptr (i8, ptr @text, i64 2), ptr @strlen]
define i64 @g(i64 %i) noinline { %r = add i64 %i, 1000
  ret i64 %r }
define i64 @h(i64 %i) noinline { %r = add i64 %i, 2000
  ret i64 %r }
define i64 @f(i64 %i) {
  %half = and i64 %i, 1
  %a = getelementptr ptr, ptr @all, i64 %half
  %p = load ptr, ptr %a
  %x = call i64 %p(i64 %i)
  %b = getelementptr ptr, ptr @all, i64 2
  %s = load volatile ptr, ptr %b
  %c = getelementptr ptr, ptr @all, i64 3
  %strlen = load volatile ptr, ptr %c
  %n = call i64 %strlen(ptr %s)
  %m = mul i64 %n, 10000
  %r = add i64 %x, %m
  ret i64 %r
}
"""

# constants that must lie at multiples of 32 or 64
ALIGNED = """
@odd = private unnamed_addr constant [3 x i8] c"abc"
define i64 @f(i64 %i) {
  %p = getelementptr i8, ptr @odd, i64 %i
  %c = load volatile i8, ptr %p
  %v0 = insertelement <8 x i32> zeroinitializer, i32 5, i64 %i
  %v1 = xor <8 x i32> %v0, <i32 1, i32 2, i32 3, i32 4, i32 5, i32 6, i32 7, i32 8>
  %v2 = mul <8 x i32> %v1, <i32 3, i32 5, i32 7, i32 11, i32 13, i32 17, i32 19, i32 23>
  %s = call i32 @llvm.vector.reduce.add.v8i32(<8 x i32> %v2)
  %e = zext i32 %s to i64
  ret i64 %e
}
declare i32 @llvm.vector.reduce.add.v8i32(<8 x i32>)
"""
