//! Nothing that is hidden can be worked out from what is shown.

use std::collections::BTreeSet;

use proptest::prelude::*;
use quarterday::analysis::{Class, DisclosedIndicator, Names, Shown, analyse, disclose};

use crate::figures::{answer, column, indicator, numbers, published, quarters, shares, texts, told};

const COUNT: &str = "unit = \"count\"\nkind = \"flow\"\ngood = \"low\"\n";
const PERCENT: &str = "unit = \"percent\"\nkind = \"flow\"\ngood = \"low\"\ntarget = 10\n";
const RATE: &str = "unit = \"rate\"\nper = 10000\nkind = \"flow\"\ngood = \"high\"\ntarget = 10\n";
const BENCHMARK: &str = "[benchmark]\nsource = \"Interactive Tool\"\nbridge = \"last-four-quarters\"\n";

fn words(points: &[Shown]) -> Vec<&str> {
    points.iter().map(|shown| shown.text.as_str()).collect()
}

fn numerators(told: &DisclosedIndicator) -> Vec<Shown> {
    told.points.iter().map(|point| point.numerator.clone()).collect()
}

fn share(above: f64, below: f64) -> (Option<f64>, Option<f64>) {
    (Some(above), Some(below))
}

#[test]
fn one_to_five_are_hidden_with_every_share_made_of_them_and_zero_is_shown() {
    let rows =
        [share(0.0, 40.0), share(1.0, 40.0), share(5.0, 40.0), share(6.0, 40.0), share(38.0, 40.0), share(2.0, 4.0)];
    let told = told(indicator("plans", PERCENT), shares(&rows), None);
    assert_eq!(words(&numerators(&told)), ["0", "1 to 5, hidden", "1 to 5, hidden", "6", "hidden", "1 to 5, hidden"]);
    let values: Vec<Shown> = told.points.iter().map(|point| point.value.clone()).collect();
    assert_eq!(words(&values), ["0.0%", "hidden", "hidden", "15.0%", "hidden", "hidden"]);
    assert_eq!(told.points[5].denominator.as_ref().unwrap().text, "1 to 5, hidden");
    assert_eq!(told.hidden, 4);
}

#[test]
fn limits_and_differences_are_made_of_shown_figures_only() {
    let mut rows: Vec<_> = (0..12).map(|at| share(if at % 2 == 0 { 20.0 } else { 22.0 }, 100.0)).collect();
    rows.push(share(4.137, 100.0));
    let told = told(indicator("plans", PERCENT), shares(&rows), None);
    let limits = told.limits.as_ref().unwrap();
    assert_eq!((limits.mean, limits.points), (21.0, 12));
    assert!(told.limits_note.as_ref().unwrap().contains("1 figure is hidden and left out"));
    for change in [&told.on_year, &told.on_period] {
        assert_eq!(change.as_ref().unwrap().difference.text, "hidden");
    }
    assert_eq!(told.variation.says, "The figure is hidden, so no word on its variation.");
    assert!(!serde_json::to_string(&told).unwrap().contains("4.137"));
}

#[test]
fn a_year_with_a_hidden_quarter_is_not_summed() {
    let text = format!("{PERCENT}{BENCHMARK}");
    let rows = [share(20.0, 50.0), share(20.0, 50.0), share(3.0, 50.0), share(20.0, 50.0)];
    let comparison = told(indicator("plans", &text), shares(&rows), Some(published(None))).comparison.unwrap();
    assert_eq!((comparison.ours.text.as_str(), comparison.rank), ("hidden", None));
}

#[test]
fn a_quarter_of_a_year_that_is_published_is_not_hidden_alone() {
    let text = format!("{PERCENT}{BENCHMARK}");
    // 2023-24 and the five quarters since.
    let rows = [20.0, 3.0, 15.0, 18.0, 20.0, 20.0, 20.0, 20.0, 20.0].map(|above| share(above, 50.0));
    let told = told(indicator("plans", &text), shares(&rows), Some(published(Some(28.0))));
    assert_eq!(words(&numerators(&told))[..4], ["20", "1 to 5, hidden", "hidden", "18"]);
    assert_eq!(words(&numerators(&told))[4..], ["20"; 5]);
}

#[test]
fn hospital_episodes_are_hidden_up_to_seven_and_rounded_beyond() {
    let text = format!("{COUNT}small_count = \"hospital\"\n");
    let rows = [share(0.0, 1.0), share(7.0, 1.0), share(8.0, 1.0), share(12.0, 1.0)];
    let told = told(indicator("admissions", &text), shares(&rows), None);
    assert_eq!(words(&numerators(&told)), ["0", "1 to 7, hidden", "10", "10"]);
}

#[test]
fn counts_of_returns_are_nobody_s_secret() {
    let text = format!("{COUNT}small_count = \"none\"\n");
    let told = told(indicator("returns", &text), shares(&[share(3.0, 1.0)]), None);
    assert_eq!(words(&numerators(&told)), ["3"]);
}

/// Parts of one period with their whole: numerator and denominator of each.
fn divided(whole: (u32, u32), parts: &[(u32, u32)], unit: &str) -> DisclosedIndicator {
    let rows: Vec<(u32, u32)> = std::iter::once(whole).chain(parts.iter().copied()).collect();
    let names: Vec<String> =
        (0..rows.len()).map(|at| if at == 0 { String::new() } else { format!("part {at}") }).collect();
    let batch = column([
        ("period", texts(&vec![quarters(1)[0].clone(); rows.len()])),
        ("category", texts(&names)),
        ("numerator", numbers(&rows.iter().map(|row| Some(f64::from(row.0))).collect::<Vec<_>>())),
        ("denominator", numbers(&rows.iter().map(|row| Some(f64::from(row.1))).collect::<Vec<_>>())),
    ]);
    told(indicator("sources", unit), batch, None)
}

/// Parts of one whole, as counts or as shares of it.
fn breakdown(counts: &[u32], unit: &str) -> DisclosedIndicator {
    let sum: u32 = counts.iter().sum();
    divided((sum, sum), &counts.iter().map(|count| (*count, sum)).collect::<Vec<_>>(), unit)
}

fn parts(told: &DisclosedIndicator) -> Vec<Shown> {
    told.categories.iter().map(|part| part.points[0].numerator.clone()).collect()
}

#[test]
fn a_hidden_part_takes_the_smallest_other_with_it() {
    assert_eq!(words(&parts(&breakdown(&[3, 30, 12, 20], COUNT))), ["1 to 5, hidden", "30", "hidden", "20"]);
    assert_eq!(words(&parts(&breakdown(&[3, 4, 30], COUNT))), ["1 to 5, hidden", "1 to 5, hidden", "30"]);
}

#[test]
fn a_breakdown_that_cannot_be_protected_is_withheld_whole() {
    // All five parts of five children would be known to be one each.
    let told = breakdown(&[1, 1, 1, 1, 1, 0], COUNT);
    assert_eq!(words(&parts(&told)), ["hidden"; 6]);
    assert_eq!(told.points[0].numerator.text, "1 to 5, hidden");
    assert_eq!(words(&parts(&breakdown(&[1, 0, 6], COUNT))), ["hidden"; 3]);
}

/// Parts of one period with their whole, as counts of which the sender hid some.
fn sent(whole: Option<f64>, parts: &[Option<f64>]) -> DisclosedIndicator {
    let rows: Vec<Option<f64>> = std::iter::once(whole).chain(parts.iter().copied()).collect();
    let names: Vec<String> =
        (0..rows.len()).map(|at| if at == 0 { String::new() } else { format!("part {at}") }).collect();
    let statuses: Vec<&str> = rows.iter().map(|row| if row.is_none() { "c" } else { "" }).collect();
    let batch = column([
        ("period", texts(&vec![quarters(1)[0].clone(); rows.len()])),
        ("category", texts(&names)),
        ("numerator", numbers(&rows)),
        ("numerator_status", texts(&statuses)),
    ]);
    told(indicator("sources", COUNT), batch, None)
}

#[test]
fn a_part_that_its_sender_hid_takes_others_with_it() {
    // 33 − 10 − 20 would tell the 3.
    assert_eq!(words(&parts(&sent(Some(33.0), &[None, Some(10.0), Some(20.0)]))), ["hidden", "hidden", "20"]);
    // Even a large one is the sender's to hide.
    assert_eq!(words(&parts(&sent(Some(50.0), &[None, Some(10.0), Some(20.0)]))), ["hidden", "hidden", "20"]);
    // A sender's and one of ours keep each other.
    let both = sent(Some(37.0), &[None, Some(4.0), Some(30.0)]);
    assert_eq!(words(&parts(&both)), ["hidden", "1 to 5, hidden", "30"]);
    // Two unknown ones cannot be weighed, and a whole that was hidden is the sum of its parts.
    assert_eq!(words(&parts(&sent(Some(33.0), &[None, None, Some(30.0)]))), ["hidden"; 3]);
    assert_eq!(words(&parts(&sent(None, &[Some(10.0), Some(20.0)]))), ["hidden"; 2]);
    // Parts that make no sum give nothing away.
    assert_eq!(words(&parts(&sent(Some(25.0), &[None, Some(10.0), Some(20.0)]))), ["hidden", "10", "20"]);
}

#[test]
fn a_quarter_that_its_sender_hid_hides_the_year_that_is_published() {
    let text = format!("{PERCENT}{BENCHMARK}");
    let mut above: Vec<Option<f64>> = vec![Some(20.0); 9];
    above[1] = None;
    let mut statuses = [""; 9];
    statuses[1] = "c";
    let batch = column([
        ("period", texts(&quarters(9))),
        ("numerator", numbers(&above)),
        ("numerator_status", texts(&statuses)),
        ("denominator", numbers(&[Some(50.0); 9])),
    ]);
    let told = told(indicator("plans", &text), batch, Some(published(Some(63.0))));
    assert_eq!(words(&numerators(&told))[..4], ["hidden"; 4]);
    assert_eq!(words(&numerators(&told))[4..], ["20"; 5]);
}

#[test]
fn how_small_a_number_is_that_others_hid_is_not_said() {
    let batch = column([
        ("period", texts(&quarters(2))),
        ("numerator", numbers(&[Some(3.0), None])),
        ("numerator_status", texts(&["", "c"])),
    ]);
    let told = told(indicator("plans", COUNT), batch, None);
    assert_eq!(words(&numerators(&told)), ["1 to 5, hidden", "hidden"]);
    let note = "2 figures are hidden: hidden by who sent it, 1 to 5, or one that would give such a figure away.";
    assert_eq!(told.notes, [note]);
}

/// Every value that a hidden count may have, given the sum, the words on the page and the rules by which it is hidden.
///
/// `bounds` is what else is known of each count: a share's numerator is no larger than its denominator.
fn possible(shown: &[Shown], bounds: &[(u32, u32)], sum: u32, at: usize) -> BTreeSet<u32> {
    let some_say_small = shown.iter().any(|part| part.text.starts_with("1 to 5"));
    let range = |at: usize| {
        let (floor, ceiling) = bounds[at];
        let (least, most) = match (shown[at].value, shown[at].text.as_str()) {
            (Some(value), _) => (value as u32, value as u32),
            (None, "1 to 5, hidden") => (1, 5),
            // Where others say that they are small, one that does not is not.
            (None, _) if some_say_small => (6, sum),
            (None, _) => (0, sum),
        };
        least.max(floor)..=most.min(ceiling)
    };
    let mut reachable = BTreeSet::from([0]);
    for other in (0..shown.len()).filter(|other| *other != at) {
        reachable = reachable.iter().flat_map(|had| range(other).map(move |more| had + more)).collect();
    }
    range(at).filter(|value| *value <= sum && reachable.contains(&(sum - value))).collect()
}

fn is_small(count: u32) -> bool {
    (1..=5).contains(&count)
}

/// Checks that each secret is hidden and has three values left or more.
fn keeps_its_secrets(
    shown: &[Shown],
    bounds: &[(u32, u32)],
    counts: &[u32],
    is_secret: impl Fn(usize) -> bool,
) -> Result<(), TestCaseError> {
    for (at, count) in counts.iter().enumerate().filter(|(at, _)| is_secret(*at)) {
        prop_assert!(shown[at].value.is_none(), "{count} is shown in {counts:?}");
        let left = possible(shown, bounds, counts.iter().sum(), at);
        prop_assert!(left.len() >= 3, "{left:?} are left for {count} in {counts:?}: {:?}", words(shown));
    }
    Ok(())
}

fn small_or_large() -> impl Strategy<Value = u32> {
    prop_oneof![0_u32..7, 6_u32..60]
}

/// A row of a share, and another one that differs in nothing a reader may see.
fn twins() -> impl Strategy<Value = [(u32, u32); 2]> {
    prop_oneof![
        (6_u32..40, 50_u32..90).prop_map(|row| [row, row]),
        (0_u32..1, 20_u32..90).prop_map(|row| [row, row]),
        (1_u32..6, 1_u32..6, 20_u32..90).prop_map(|(a, b, of)| [(a, of), (b, of)]),
        (1_u32..6, 1_u32..6, 20_u32..90).prop_map(|(a, b, of)| [(of - a, of), (of - b, of)]),
        (1_u32..6, 1_u32..6).prop_flat_map(|(a, b)| (1..=a, 1..=b).prop_map(move |(m, n)| [(m, a), (n, b)])),
        (1_u32..6, 1_u32..6).prop_map(|(a, b)| [(0, a), (0, b)]),
    ]
}

fn serialised(rows: &[(u32, u32)], unit: &str) -> String {
    let rows: Vec<_> = rows.iter().map(|(above, below)| share(f64::from(*above), f64::from(*below))).collect();
    let answer = answer(indicator("plans", unit), shares(&rows), None);
    let analysed = analyse(vec![answer], "2025-26-Q1".parse().unwrap(), Names::default());
    serde_json::to_string(&disclose(analysed, Class::Public)).unwrap()
}

proptest! {
    #[test]
    fn what_is_hidden_changes_no_letter_of_what_is_shown(rows in prop::collection::vec(twins(), 1..18)) {
        let (a, b): (Vec<_>, Vec<_>) = rows.into_iter().map(|[a, b]| (a, b)).unzip();
        prop_assert_eq!(serialised(&a, PERCENT), serialised(&b, PERCENT));
    }

    #[test]
    fn a_small_numerator_changes_no_letter_of_a_rate(
        rows in prop::collection::vec((1_u32..6, 1_u32..6, 0_u32..30), 1..18)
    ) {
        let rows = |pick: fn(&(u32, u32, u32)) -> u32| -> Vec<(u32, u32)> {
            rows.iter().map(|row| (if row.2 > 5 { row.2 } else { pick(row) }, 20_000)).collect()
        };
        prop_assert_eq!(serialised(&rows(|row| row.0), RATE), serialised(&rows(|row| row.1), RATE));
    }

    #[test]
    fn no_small_part_can_be_worked_out_from_the_sum(
        counts in prop::collection::vec(small_or_large(), 1..7),
        percent in any::<bool>(),
    ) {
        let told = breakdown(&counts, if percent { PERCENT } else { COUNT });
        let (whole, sum) = (&told.points[0], counts.iter().sum());
        // Where neither the whole nor a denominator shows the sum, there is nothing to subtract from.
        let of_all = whole.denominator.as_ref().is_some_and(|below| below.value.is_some());
        if whole.numerator.value.is_some() || of_all {
            keeps_its_secrets(&parts(&told), &vec![(0, sum); counts.len()], &counts, |at| is_small(counts[at]))?;
        }
    }

    #[test]
    fn no_small_part_can_be_worked_out_from_either_line_of_a_share(
        rows in prop::collection::vec((small_or_large(), small_or_large()), 2..7)
    ) {
        let rows: Vec<(u32, u32)> = rows.into_iter().map(|(above, rest)| (above, above + rest)).collect();
        let (above, below): (Vec<u32>, Vec<u32>) = rows.iter().copied().unzip();
        let told = divided((above.iter().sum(), below.iter().sum()), &rows, PERCENT);
        let whole = &told.points[0];
        let shown: Vec<(Shown, Shown)> = told
            .categories
            .iter()
            .map(|part| (part.points[0].numerator.clone(), part.points[0].denominator.clone().unwrap()))
            .collect();
        let (shown_above, shown_below): (Vec<Shown>, Vec<Shown>) = shown.into_iter().unzip();
        if whole.numerator.value.is_some() {
            let bounds: Vec<(u32, u32)> =
                shown_below.iter().map(|below| (0, below.value.map_or(u32::MAX, |value| value as u32))).collect();
            let left_over = |at: usize| is_small(below[at] - above[at]) && !is_small(below[at]);
            keeps_its_secrets(&shown_above, &bounds, &above, |at| is_small(above[at]) || left_over(at))?;
        }
        if whole.denominator.as_ref().unwrap().value.is_some() {
            let bounds: Vec<(u32, u32)> =
                shown_above.iter().map(|above| (above.value.map_or(0, |value| value as u32), u32::MAX)).collect();
            keeps_its_secrets(&shown_below, &bounds, &below, |at| is_small(below[at]))?;
        }
        for (part, category) in shown_above.iter().zip(&told.categories) {
            prop_assert!(part.value.is_some() || category.points[0].value.value.is_none());
        }
    }
}
