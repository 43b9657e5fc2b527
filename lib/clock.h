/*
 * The clocks and identities that shells read and hand to the cores as plain numbers. Milliseconds everywhere.
 */
#ifndef QUOIN_LIB_CLOCK_H
#define QUOIN_LIB_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define QUOIN_BOOT_ID_BYTES 36	/* the kernel's text form, without NUL */

int64_t quoin_clock_wall_ms(void);	/* CLOCK_REALTIME */
int64_t quoin_clock_boot_ms(void);	/* CLOCK_BOOTTIME: counts sleep too */
int64_t quoin_clock_mono_ms(void);	/* CLOCK_MONOTONIC: for deadlines */

/* This boot's id, /proc/sys/kernel/random/boot_id; all zeros where there is none. Terminated. */
void quoin_boot_id(char out[QUOIN_BOOT_ID_BYTES + 1]);

/* "2026-11-26T06:49:44Z" (UTC); "out" takes 21 bytes. */
void quoin_time_print(int64_t wall_ms, char out[21]);

/* The same way back, from its numbers (UTC). Returns whether they are a date and time of 1970 or later. */
bool quoin_time_of(int year, int month, int day, int hour, int minute, int second, int64_t *ret_wall_ms);

#endif
