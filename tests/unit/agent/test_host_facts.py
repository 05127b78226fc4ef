import pytest

from chatops_agent.collectors.host import cpu_model


@pytest.mark.parametrize(
    ("cpu_info", "expected"),
    [
        ("processor\t: 0\nmodel name\t: Intel(R)  Xeon(R)   CPU\nflags\t: fpu", "Intel(R) Xeon(R) CPU"),
        ("processor\t: 0\nBogoMIPS\t: 108.00\n\nModel\t\t: Raspberry Pi 4 Model B", "Raspberry Pi 4 Model B"),
        ("cpu\t\t: POWER9, altivec supported\n", "POWER9, altivec supported"),
        ("processor\t: 0\n", ""),
        ("", ""),
    ],
)
def test_the_processor_is_named_on_every_architecture(cpu_info: str, expected: str) -> None:
    assert cpu_model(cpu_info) == expected
