# Answers all but the ticket that a message settles.
cd replies
echo "Thank you for your honest words! Three days too late are 7.50 for the tile cutter, which is of class B." > 1041.txt
echo "The scaffold tower is handed out on Saturdays alone, from 10:00 to 12:00; we gladly help you carry it." > 1042.txt
echo "I am sorry, but T-118 is reserved from 12 May, so please bring it back by then." > 1044.txt
echo "Not yet: the angle grinder is of class C, and one has to be 18 for it." > 1045.txt
echo "Yes, there are 4 places left in the course on 13 June; it would cost you 40.00." > 1046.txt
