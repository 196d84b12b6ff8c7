import unittest

from timesheet import by_week, parse_lines


class Weeks(unittest.TestCase):
    def test_days_of_a_week_are_added_up(self):
        entries = parse_lines(["maren,2024-03-04,08:00-12:00", "maren,2024-03-05,08:00-12:00"])
        self.assertEqual(by_week(entries), {(2024, 10): {"maren": 32}})

    def test_the_last_days_of_a_year_may_belong_to_the_next(self):
        entries = parse_lines(["maren,2024-12-30,08:00-12:00", "maren,2025-01-02,08:00-12:00"])
        self.assertEqual(by_week(entries), {(2025, 1): {"maren": 32}})

    def test_people_are_in_order(self):
        entries = parse_lines(["toke,2024-03-12,09:00-10:00", "iva,2024-03-12,09:00-10:00"])
        self.assertEqual(list(by_week(entries)[2024, 11]), ["iva", "toke"])
