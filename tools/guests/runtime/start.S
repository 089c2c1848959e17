// Entry points and exception vectors. The loader enters _start on CPU 0 with the device tree in r3 and low memory mapped one to
// one; a CPU released from the spin table enters secondary_start the same way with the value of its table entry in r3.

#define STACK_SHIFT 13              // 8 KiB for each CPU.
#define SPR_PIR 286
#define SPR_IVPR 63
#define SPR_HID0 1008
#define SPR_CSRR0 58
#define SPR_CSRR1 59
#define SPR_MCSRR0 570
#define SPR_MCSRR1 571

    .section .text.vectors, "ax"
    .globl vector_base
vector_base:

.macro store_r3_to_r12
    .irp register, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    stw     %r\register, 4 * \register(%r1)
    .endr
.endm

// Saves what C may change, in the shape of struct frame, calls HANDLER(frame, number) and returns from the interrupt.
.macro vector number, handler, saved_pc=26, saved_msr=27
    .balign 16
    .globl  vector_\number
vector_\number:
    stwu    %r1, -80(%r1)
    stw     %r0, 8(%r1)
    store_r3_to_r12
    mfcr    %r0
    stw     %r0, 52(%r1)
    mfxer   %r0
    stw     %r0, 56(%r1)
    mfctr   %r0
    stw     %r0, 60(%r1)
    mflr    %r0
    stw     %r0, 64(%r1)
    mfspr   %r0, \saved_pc
    stw     %r0, 68(%r1)
    mfspr   %r0, \saved_msr
    stw     %r0, 72(%r1)
    addi    %r3, %r1, 0
    li      %r4, \number
    bl      \handler
    b       return_from_interrupt
.endm

    vector 0, handle_unexpected, SPR_CSRR0, SPR_CSRR1       // Critical input.
    vector 1, handle_unexpected, SPR_MCSRR0, SPR_MCSRR1     // Machine check.
    vector 2, handle_unexpected                             // Data storage.
    vector 3, handle_unexpected                             // Instruction storage.
    vector 4, handle_external
    vector 5, handle_unexpected                             // Alignment.
    vector 6, handle_unexpected                             // Program.
    vector 8, handle_unexpected                             // System call.
    vector 10, handle_decrementer
    vector 13, handle_unexpected                            // Data TLB miss.
    vector 14, handle_unexpected                            // Instruction TLB miss.

return_from_interrupt:
    lwz     %r0, 52(%r1)
    mtcrf   0xff, %r0
    lwz     %r0, 56(%r1)
    mtxer   %r0
    lwz     %r0, 60(%r1)
    mtctr   %r0
    lwz     %r0, 64(%r1)
    mtlr    %r0
    lwz     %r0, 68(%r1)
    mtsrr0  %r0
    lwz     %r0, 72(%r1)
    mtsrr1  %r0
    .irp register, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12
    lwz     %r\register, 4 * \register(%r1)
    .endr
    lwz     %r0, 8(%r1)
    addi    %r1, %r1, 80
    rfi

    .text
    .globl _start
_start:
    lis     %r4, __bss_start@ha
    addi    %r4, %r4, __bss_start@l
    lis     %r5, __bss_end@ha
    addi    %r5, %r5, __bss_end@l
    li      %r0, 0
1:  cmplw   %r4, %r5
    bge     2f
    stw     %r0, 0(%r4)
    addi    %r4, %r4, 4
    b       1b
2:  bl      init_cpu
    bl      main

    .globl secondary_start
secondary_start:
    bl      init_cpu
    bl      secondary_main

// Sets this CPU's stack, vectors and HID0; keeps r3.
init_cpu:
    mfspr   %r4, SPR_PIR
    addi    %r4, %r4, 1
    slwi    %r4, %r4, STACK_SHIFT
    lis     %r1, stacks@ha
    addi    %r1, %r1, stacks@l
    add     %r1, %r1, %r4
    addi    %r1, %r1, -16
    li      %r0, 0
    stw     %r0, 0(%r1)
    lis     %r4, vector_base@h
    mtspr   SPR_IVPR, %r4
    .irp number, 0, 1, 2, 3, 4, 5, 6, 8, 10, 13, 14
    li      %r4, vector_\number - vector_base
    mtspr   400 + \number, %r4
    .endr
    mfspr   %r4, SPR_HID0               // Doze when MSR[WE] is set; timebase on.
    oris    %r4, %r4, 0x0080
    ori     %r4, %r4, 0x4000
    mtspr   SPR_HID0, %r4
    isync
    blr

    .section .bss
    .balign 16
    .globl stacks
stacks:
    .space 32 << STACK_SHIFT

    .section .note.GNU-stack, "", @progbits
