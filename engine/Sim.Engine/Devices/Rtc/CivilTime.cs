namespace Sim.Engine.Devices.Rtc;

/// <summary>A moment in UTC as a clock chip shows it, by the Gregorian calendar. QEMU: struct tm with mktimegm.</summary>
internal struct CivilTime
{
    private const long SecondsPerDay = 86400;

    /// <summary>Second, 0 to 59.</summary>
    public int Second;

    /// <summary>Minute, 0 to 59.</summary>
    public int Minute;

    /// <summary>Hour, 0 to 23.</summary>
    public int Hour;

    /// <summary>Day of the month, 1 to 31.</summary>
    public int Day;

    /// <summary>Month, 1 to 12.</summary>
    public int Month;

    /// <summary>Year, such as 2026.</summary>
    public int Year;

    /// <summary>Day of the week, 0 for Sunday; not read by <see cref="ToSeconds"/>.</summary>
    public int WeekDay;

    /// <summary>The moment <paramref name="seconds"/> after 1970-01-01 00:00:00.</summary>
    public static CivilTime FromSeconds(long seconds)
    {
        var day = Math.DivRem(seconds, SecondsPerDay, out var inDay);
        if (inDay < 0)
        {
            day--;
            inDay += SecondsPerDay;
        }

        // Days since 0000-03-01, in eras of 400 years: the leap day is then the last day of a year.
        var shifted = day + 719_468;
        var era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097;
        var dayOfEra = shifted - era * 146_097;
        var yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365;
        var dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
        var month = (5 * dayOfYear + 2) / 153;
        return new CivilTime
        {
            Second = (int)(inDay % 60),
            Minute = (int)(inDay / 60 % 60),
            Hour = (int)(inDay / 3600),
            Day = (int)(dayOfYear - (153 * month + 2) / 5 + 1),
            Month = (int)(month < 10 ? month + 3 : month - 9),
            Year = (int)(yearOfEra + era * 400 + (month >= 10 ? 1 : 0)),
            WeekDay = (int)(((day + 4) % 7 + 7) % 7),
        };
    }

    /// <summary>Seconds since 1970-01-01 00:00:00; fields out of range carry over into the next.</summary>
    public readonly long ToSeconds()
    {
        long months = Year * 12L + Month - 3;
        var year = months >= 0 ? months / 12 : (months - 11) / 12;
        var month = months - year * 12;
        var era = year >= 0 ? year / 400 : (year - 399) / 400;
        var yearOfEra = year - era * 400;
        var days = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + (153 * month + 2) / 5 + Day - 1 - 719_468;
        return days * SecondsPerDay + Hour * 3600L + Minute * 60L + Second;
    }
}
