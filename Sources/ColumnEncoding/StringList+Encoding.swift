// SPDX-License-Identifier: Apache-2.0

internal import ByteCoding

/// A list of strings in one of the ``StringForm``s.
enum StringList {
    /// Appends all strings; `isSorted` says that they ascend and front coding is worth trying.
    static func append(
        _ strings: borrowing StringGathering, isSorted: Bool, into out: inout ByteWriter,
        _ forms: inout StringFormScratch, _ scratch: inout IntegerScratch
    ) {
        if forms.decimal.find(in: strings) { return appendDecimal(strings, into: &out, &forms, &scratch) }
        if forms.template.find(in: strings) { return appendTemplate(strings, into: &out, &forms) }
        if forms.address.find(in: strings) { return appendAddresses(strings, into: &out, &forms, &scratch) }
        if isSorted { return appendFront(strings, into: &out, &forms, &scratch) }
        begin(.raw, strings, into: &out)
        forms.lengths.removeAll()
        for index in 0..<strings.count { forms.lengths.append(UInt64(strings.byteCount(index))) }
        IntegerChunk.append(forms.lengths.span, into: &out, &scratch)
        out.append(strings.bytes.bytes)
    }

    private static func begin(
        _ form: StringForm, _ strings: borrowing StringGathering, into out: inout ByteWriter
    ) {
        out.append(form.rawValue)
        out.append(varint: UInt64(strings.byteCount))
    }

    private static func appendFront(
        _ strings: borrowing StringGathering, into out: inout ByteWriter, _ forms: inout StringFormScratch,
        _ scratch: inout IntegerScratch
    ) {
        begin(.front, strings, into: &out)
        forms.shared.removeAll()
        forms.lengths.removeAll()
        forms.rests.removeAll()
        for index in 0..<strings.count {
            let string = strings[index]
            let shared = index > 0 ? string.sharedPrefixByteCount(with: strings[index - 1]) : 0
            forms.shared.append(UInt64(shared))
            forms.lengths.append(UInt64(string.byteCount - shared))
            forms.rests.append(string.extracting(shared..<string.byteCount))
        }
        IntegerChunk.append(forms.shared.span, into: &out, &scratch)
        IntegerChunk.append(forms.lengths.span, into: &out, &scratch)
        out.append(forms.rests.bytes)
    }

    private static func appendTemplate(
        _ strings: borrowing StringGathering, into out: inout ByteWriter, _ forms: inout StringFormScratch
    ) {
        begin(.template, strings, into: &out)
        let byteCount = forms.template.byteCount
        out.append(varint: UInt64(byteCount))
        out.append(strings[0])
        var position = 0
        for byte in 0..<(byteCount + 7) / 8 {
            var flags: UInt8 = 0
            while position < forms.template.varying.count, forms.template.varying[position] / 8 == byte {
                flags |= 1 << UInt8(forms.template.varying[position] % 8)
                position += 1
            }
            out.append(flags)
        }
        var bits = BitWriter()
        for index in 0..<strings.count {
            let string = strings[index]
            for position in 0..<forms.template.varying.count {
                let digit = string[forms.template.varying[position]]
                bits.append(UInt64(StringTemplate.nibble(digit) ?? 0), width: 4, into: &out)
            }
        }
        bits.finish(into: &out)
    }

    private static func appendAddresses(
        _ strings: borrowing StringGathering, into out: inout ByteWriter, _ forms: inout StringFormScratch,
        _ scratch: inout IntegerScratch
    ) {
        begin(.ipv4, strings, into: &out)
        IntegerChunk.append(forms.address.addresses.span, into: &out, &scratch)
    }

    private static func appendDecimal(
        _ strings: borrowing StringGathering, into out: inout ByteWriter, _ forms: inout StringFormScratch,
        _ scratch: inout IntegerScratch
    ) {
        begin(.decimal, strings, into: &out)
        let first = strings[0]
        out.append(lengthPrefixed: first.extracting(0..<forms.decimal.prefixByteCount))
        out.append(
            lengthPrefixed: first.extracting(first.byteCount - forms.decimal.suffixByteCount..<first.byteCount))
        IntegerChunk.append(forms.decimal.numbers.span, into: &out, &scratch)
    }
}

/// What the forms of a list need.
struct StringFormScratch: ~Copyable {
    var template = StringTemplate()
    var address = AddressPattern()
    var decimal = DecimalPattern()
    var lengths = FlatBuffer<UInt64>()
    var shared = FlatBuffer<UInt64>()
    var rests = ByteWriter()
}

/// Memory of the string encoders.
struct StringScratch: ~Copyable {
    var strings = StringGathering()
    var sorted = StringGathering()
    var order = FlatBuffer<StringSortKey>()
    var ranks = FlatBuffer<UInt32>()
    var forms = StringFormScratch()
}
