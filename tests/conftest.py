"""What every test starts from."""

import signal

# A suite that a script started in the background ignores Ctrl-C, and so would every program it
# starts: the tests of Ctrl-C would wait in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
