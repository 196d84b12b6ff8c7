import unittest

from timesheet import to_quarters
from timesheet.rounding import as_hours


class Quarters(unittest.TestCase):
    def test_whole_quarters_stay_as_they_are(self):
        self.assertEqual(to_quarters(45), 3)

    def test_the_nearest_quarter_counts(self):
        self.assertEqual([to_quarters(minutes) for minutes in (7, 8, 22, 23)], [0, 1, 1, 2])

    def test_hours_are_written_with_two_digits(self):
        self.assertEqual(as_hours(31), "7.75 h")
