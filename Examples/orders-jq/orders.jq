# Turns purchases, all of them text, into rows. What is not a plausible purchase is refused with the reason.

# More than this in one purchase is a slip of the keyboard.
def most_cds: 10000;

def cds:
  if test("^[+-]?[0-9]+$") then tonumber else error("'\(.)' is not a number of CDs") end
  | if . < 1 or . > most_cds then error("the quantity is \(.)") else . end;

def days_of($year; $month):
  if $month == 2 then
    if ($year % 4 == 0 and $year % 100 != 0) or $year % 400 == 0 then 29 else 28 end
  elif [4, 6, 9, 11] | index($month) then 30
  else 31 end;

def day:
  if test("^[0-9]{8}$") | not then error("'\(.)' is not a date like 19970131") else . end
  | [.[0:4], .[4:6], .[6:8]] as $parts
  | ($parts | map(tonumber)) as [$year, $month, $day]
  | if $month >= 1 and $month <= 12 and $day >= 1 and $day <= days_of($year; $month) then $parts | join("-")
    else error("there is no day '\(.)'") end;

# Cents are whole numbers, which are exact. Dollars are kept as text, so that no fraction comes between.
def cents:
  if test("^[0-9]{1,10}\\.[0-9]{2}$") then sub("\\."; "") | tonumber
  else error("'\(.)' is not an amount in dollars and cents") end;

def dollars:
  tostring | if length < 3 then "00\(.)"[-3:] else . end | "\(.[:-2]).\(.[-2:])";

# Halves are rounded up.
def per($count): (2 * . + $count) / (2 * $count) | floor;

(.cds | cds) as $cds
| (.date | day) as $day
| (.dollars | cents) as $cents
| {
    order_id,
    customer_id,
    ordered_on: $day,
    month: $day[0:7],
    $cds,
    dollars: ($cents | dollars),
    dollars_per_cd: ($cents | per($cds) | dollars)
  }
