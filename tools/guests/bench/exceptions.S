// The handlers of the exceptions workload: short ones that save nothing but what they use.
    .section .text.vectors, "ax"

    .balign 16
    .globl bench_system_call
bench_system_call:                      // r3 = 3 * r3 + 1; a call may change no other register.
    mtsprg  0, %r4
    slwi    %r4, %r3, 1
    add     %r3, %r3, %r4
    addi    %r3, %r3, 1
    mfsprg  %r4, 0
    rfi

    .balign 16
    .globl bench_program
bench_program:                          // Counts and steps over the trapping instruction.
    mtsprg  0, %r4
    mtsprg  1, %r5
    lis     %r4, bench_traps@ha
    lwz     %r5, bench_traps@l(%r4)
    addi    %r5, %r5, 1
    stw     %r5, bench_traps@l(%r4)
    mfsrr0  %r4
    addi    %r4, %r4, 4
    mtsrr0  %r4
    mfsprg  %r4, 0
    mfsprg  %r5, 1
    rfi

    .balign 16
    .globl bench_data_miss
bench_data_miss:                        // MAS0 to MAS2 are set up by the miss; the page number picks one of 16 pages.
    mtsprg  0, %r4
    mtsprg  1, %r5
    mfcr    %r5
    mtsprg  2, %r5
    mfspr   %r4, 61                     // DEAR.
    rlwinm  %r4, %r4, 0, 16, 19
    lis     %r5, bench_pages@h
    or      %r4, %r4, %r5
    ori     %r4, %r4, 0x15              // Supervisor execute, write, read.
    mtspr   627, %r4                    // MAS3.
    li      %r4, 0
    mtspr   944, %r4                    // MAS7.
    isync
    tlbwe
    lis     %r4, bench_misses@ha
    lwz     %r5, bench_misses@l(%r4)
    addi    %r5, %r5, 1
    stw     %r5, bench_misses@l(%r4)
    mfsprg  %r5, 2
    mtcr    %r5
    mfsprg  %r4, 0
    mfsprg  %r5, 1
    rfi

    .section .note.GNU-stack, "", @progbits
