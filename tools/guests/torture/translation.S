// The data TLB miss handler of the translation test: the page number picks an entry of page_table. Interrupts are off and MAS0 to MAS2 are
// set up by the miss. A miss outside of the window's pages is a mistake of the program, and stops it.
    .section .text.vectors, "ax"

    .balign 16
    .globl window_miss
window_miss:
    mtsprg  0, %r4
    mtsprg  1, %r5
    mfcr    %r5
    mtsprg  2, %r5
    mfspr   %r4, 61                     // DEAR.
    srwi    %r5, %r4, 16
    cmplwi  %r5, 0x1000
    bne-    1f
    lis     %r5, page_table@ha
    addi    %r5, %r5, page_table@l
    rlwinm  %r4, %r4, 22, 26, 29        // Four bytes for each of 16 pages.
    lwzx    %r4, %r5, %r4
    mtspr   627, %r4                    // MAS3.
    li      %r4, 0
    mtspr   944, %r4                    // MAS7.
    isync
    tlbwe
    mfsprg  %r5, 2
    mtcr    %r5
    mfsprg  %r4, 0
    mfsprg  %r5, 1
    rfi
1:  mfsprg  %r5, 2
    mtcr    %r5
    mfsprg  %r4, 0
    mfsprg  %r5, 1
    b       vector_13

    .section .note.GNU-stack, "", @progbits
