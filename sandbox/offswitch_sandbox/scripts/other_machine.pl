# Process 1 of the other machine ends, and everything with it.
sub end_it {
    open(my $gate, ">", "/run/questiond/gate") or return 0;
    return print({$gate} "shutdown\n") && close($gate);
}
