"""Synthetic IBANs: of no bank, with right keys."""


def french(account: int, bank: str = "99999", branch: str = "00001") -> str:
    """Return a French IBAN for an account number, its RIB key and its ISO key computed here."""
    number = f"{account:011}"
    rib = 97 - int(f"{bank}{branch}{number}00") % 97
    bban = f"{bank}{branch}{number}{rib:02}"
    return f"FR{98 - int(f'{bban}152700') % 97:02}{bban}"


def with_iso_key(country: str, bban: str) -> str:
    """Return an IBAN of a country with its ISO key, whatever the keys inside."""
    digits = "".join(str(int(c, 36)) for c in f"{bban}{country}00")
    return f"{country}{98 - int(digits) % 97:02}{bban}"


def grouped(iban: str) -> str:
    """Return an IBAN in groups of four, as people write one."""
    return " ".join(iban[at : at + 4] for at in range(0, len(iban), 4))
