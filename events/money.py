"""Exact money: decimal strings outside, whole micro-units of the currency inside."""

from decimal import Decimal

#: Micro-units in one unit of a currency.
MICRO = 1_000_000

#: Facts without money stand under the ISO 4217 code for "no currency".
NO_CURRENCY = "XXX"

_CODES = """
AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD
BTN BWP BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN
ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD
IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD
MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD
OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP
SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD
UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG
"""

#: ISO 4217 active alphabetic codes of money that can be paid (funds and metals left out).
CURRENCIES = frozenset(_CODES.split())


def to_micros(amount: str) -> int:
    """`"0.05"` is 50000. The text has passed the `Amount` pattern: no sign, six decimals."""
    whole, _, decimals = amount.partition(".")
    return int(whole) * MICRO + (int(decimals.ljust(6, "0")) if decimals else 0)


def from_micros(micros: int) -> str:
    """The shortest decimal string: -50000 is `"-0.05"`, 4000000 is `"4"`."""
    sign, size = ("-", -micros) if micros < 0 else ("", micros)
    whole, rest = divmod(size, MICRO)
    return f"{sign}{whole}.{rest:06d}".rstrip("0") if rest else f"{sign}{whole}"


def to_decimal(micros: int) -> Decimal:
    """Micro-units as an exact Decimal of units."""
    return Decimal(micros).scaleb(-6)
