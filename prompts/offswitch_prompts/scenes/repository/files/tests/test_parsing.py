import unittest

from timesheet import parse_line, parse_lines


class Lines(unittest.TestCase):
    def test_a_day_is_as_long_as_its_span(self):
        self.assertEqual(parse_line("maren,2024-03-04,08:30-16:15").minutes, 465)

    def test_a_span_may_go_past_midnight(self):
        self.assertEqual(parse_line("iva,2024-03-05,22:00-06:00").minutes, 480)

    def test_names_are_the_same_in_capitals(self):
        self.assertEqual(parse_line("Maren,2024-03-04,08:30-16:15").name, "maren")

    def test_blank_lines_and_remarks_are_left_out(self):
        self.assertEqual(len(parse_lines(["# march", "", "toke,2024-03-12,09:00-12:10"])), 1)

    def test_a_line_of_another_form_is_refused(self):
        with self.assertRaises(ValueError):
            parse_line("maren,08:30-16:15")
