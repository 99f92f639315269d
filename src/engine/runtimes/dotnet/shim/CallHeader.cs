using System.Text;

namespace Sluice.Shim
{
    /// The head of a call: u32 retry count with the probe and tracing bits, then request id, qualifier and, of a traced call,
    /// JSON, each with a u16 length. `IFcContext` has no tracing, so that is passed over.
    sealed class CallHeader
    {
        public readonly uint Call;
        public readonly string RequestId;
        public readonly string Qualifier;
        /// What stands behind the head: the event.
        public readonly byte[] Body;

        public CallHeader(Channel.Frame frame)
        {
            var bytes = frame.Payload;
            Call = frame.Call;
            var idLength = bytes[4] << 8 | bytes[5];
            RequestId = Encoding.UTF8.GetString(bytes, 6, idLength);
            var at = 6 + idLength;
            var qualifierLength = bytes[at] << 8 | bytes[at + 1];
            Qualifier = Encoding.UTF8.GetString(bytes, at + 2, qualifierLength);
            at += 2 + qualifierLength;
            var isTraced = (bytes[0] & 0x40) != 0;
            if (isTraced) at += 2 + (bytes[at] << 8 | bytes[at + 1]);
            Body = new byte[bytes.Length - at];
            System.Buffer.BlockCopy(bytes, at, Body, 0, Body.Length);
        }
    }
}
