# The question desk hands out nothing more.
sub end_it {
    open(my $gate, ">", "/run/questiond/gate") or return 0;
    return print({$gate} "close\n") && close($gate);
}
