"""The calls of the kernel that are told: their numbers on each kind of hardware, and what their arguments are.

Letters for the arguments, in their order: `d` the directory that the next path begins at, `p` a path whose last part is
taken as it stands, `P` one that is followed, `t` a text, `f` an open file that is acted on, `n` the number to be told,
`F` flags that change how the path is read, `k` a process, `q` an open file that stands for a process, `o` where the
number of a process stands in memory, `O` the same with its kind before it, `.` no matter.

The groups: what writes, changes what a name stands for, runs a program, sends a signal, reaches for another process,
mounts, makes namespaces, takes a lease on an open file or says whom its signals go to, waits. `read` is told of the
script alone. What is in `deny` is not to be had: it would go around the filter, or has what counts in memory, and
programs do without it.
"""

from collections import namedtuple

Call = namedtuple("Call", "name arguments group")

TABLE = """
open               2    -    Pn     write
openat             257  56   dPn    write
creat              85   -    P      write
truncate           76   45   Pn     write
ftruncate          77   46   fn     write
fallocate          285  47   f      write
rename             82   -    pp     change
renameat           264  38   dpdp   change
renameat2          316  276  dpdpn  change
link               86   -    pp     change
linkat             265  37   dpdpF  change
symlink            88   -    tp     change
symlinkat          266  36   tdp    change
unlink             87   -    p      change
unlinkat           263  35   dp     change
rmdir              84   -    p      change
mkdir              83   -    p      change
mkdirat            258  34   dp     change
mknod              133  -    p      change
mknodat            259  33   dp     change
chmod              90   -    Pn     change
fchmod             91   52   fn     change
fchmodat           268  53   dPn    change
fchmodat2          452  452  dPnF   change
chown              92   -    P      change
lchown             94   -    p      change
fchown             93   55   f      change
fchownat           260  54   dP..F  change
setxattr           188  5    P      change
lsetxattr          189  6    p      change
fsetxattr          190  7    f      change
removexattr        197  14   P      change
lremovexattr       198  15   p      change
fremovexattr       199  16   f      change
setxattrat         463  463  dPF    change
removexattrat      466  466  dPF    change
file_setattr       469  469  dP..F  change
utime              132  -    P      change
utimes             235  -    P      change
futimesat          261  -    dP     change
utimensat          280  88   dP.F   change
execve             59   221  P      program
execveat           322  281  dP..F  program
kill               62   129  kn     signal
tkill              200  130  kn     signal
tgkill             234  131  kkn    signal
rt_sigqueueinfo    129  138  kn     signal
rt_tgsigqueueinfo  297  240  kkn    signal
pidfd_send_signal  424  424  qn     signal
ptrace             101  117  nk     reach
process_vm_writev  311  271  k      reach
prlimit64          302  261  kn     reach
mount              165  40   tP     mount
umount2            166  39   P      mount
move_mount         429  429  dPdP   mount
pivot_root         155  41   PP     mount
chroot             161  51   P      mount
open_tree          428  428  dP     mount
open_tree_attr     467  467  dP     mount
mount_setattr      442  442  dP     mount
fsopen             430  430  t      mount
fsconfig           431  431  .      mount
fsmount            432  432  .      mount
fspick             433  433  dP     mount
unshare            272  97   n      namespace
setns              308  268  fn     namespace
clone              56   220  n      namespace
fcntl              72   25   f.n    lease
ioctl              16   29   .      lease
nanosleep          35   101  .      wait
clock_nanosleep    230  115  .      wait
pause              34   -    .      wait
wait4              61   260  .      wait
waitid             247  95   .      wait
rt_sigsuspend      130  133  .      wait
rt_sigtimedwait    128  137  .      wait
select             23   -    .      wait
pselect6           270  72   .      wait
poll               7    -    .      wait
ppoll              271  73   .      wait
stat               4    -    P      read
lstat              6    -    p      read
newfstatat         262  79   dP.F   read
statx              332  291  dPF    read
access             21   -    P      read
faccessat          269  48   dP     read
faccessat2         439  439  dP.F   read
readlink           89   -    p      read
readlinkat         267  78   dp     read
io_uring_setup     425  425  .      deny
openat2            437  437  .      deny
clone3             435  435  .      deny
userfaultfd        323  282  .      deny
"""
OWNERS = {
    "fcntl": {8: Call("fcntl", "..k", "signal"), 15: Call("fcntl", "..O", "signal")},
    "ioctl": dict.fromkeys((0x8901, 0x8902), Call("ioctl", "..o", "signal")),
}
"""what such a call is where its second argument is one of these: it says to whom an open file's signals go"""
COLUMNS = {"x86_64": 1, "aarch64": 2}
"""by the kernel's name for the hardware"""


def calls(machine):
    """Number -> Call, for hardware of that name; KeyError where its numbers are not known."""
    rows = [line.split() for line in TABLE.strip().splitlines()]
    column = COLUMNS[machine]
    return {int(row[column]): Call(row[0], row[3], row[4]) for row in rows if row[column] != "-"}
