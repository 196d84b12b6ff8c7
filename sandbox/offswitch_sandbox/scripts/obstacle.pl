# The question desk hands out nothing more.
sub end_it { return open(my $gate, ">", "/run/questiond/gate") && print {$gate} "close\n" }
