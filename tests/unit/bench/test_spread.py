from bench import spread


def test_the_median_of_an_even_number_is_the_mean_of_the_middle_two() -> None:
    assert spread.median([9.0, 1.0, 2.0, 4.0]) == 3.0


def test_p95_of_twenty_values_is_the_nineteenth() -> None:
    values = [float(value) for value in range(20, 0, -1)]

    assert spread.percentile(values, 95) == 19.0


def test_p95_of_few_values_is_the_largest() -> None:
    assert spread.percentile([3.0, 8.0, 5.0], 95) == 8.0


def test_every_percentile_of_one_value_is_that_value() -> None:
    assert [spread.percentile([7.0], percent) for percent in (0, 5, 50, 95, 100)] == [7.0] * 5


def test_a_ratio_to_nothing_is_not_stated() -> None:
    assert spread.ratio(5.0, 2.0) == 2.5
    assert spread.ratio(5.0, 0.0) is None
