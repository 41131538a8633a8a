// java Sign.java KEYFILE SUBMISSION BODYFILE: the Submission-Signature of a file's bytes
// Java 17 and nothing else. In a service, read the key file with your own JSON library.
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Base64;
import java.util.HexFormat;
import java.util.regex.Pattern;

public class Sign {
    // PKCS #8 of a bare secret (RFC 8410; RFC 5208 with RFC 5915 inside).
    static final String ED25519 = "302e020100300506032b657004220420", P256 =
        "3041020100301306072a8648ce3d020106082a8648ce3d030107042730250201010420";
    static final String HEADER = "{\"alg\":\"%s\",\"kid\":\"%s\","
        + "\"typ\":\"sijill-submission+jws\",\"cty\":\"application/cloudevents-batch+json\","
        + "\"iss\":\"%s\",\"jti\":\"%s\",\"iat\":%d}";
    static String file;

    static String member(String name) {
        var member = Pattern.compile("\"" + name + "\"\\s*:\\s*\"([^\"]*)\"").matcher(file);
        return member.results().findFirst().orElseThrow().group(1);
    }

    static String b64(byte[] data) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(data);
    }

    public static void main(String[] words) throws Exception {
        file = Files.readString(Path.of(words[0]));
        boolean okp = member("kty").equals("OKP");
        String secret = HexFormat.of().formatHex(Base64.getUrlDecoder().decode(member("d")));
        byte[] encoded = HexFormat.of().parseHex((okp ? ED25519 : P256) + secret);
        var key = KeyFactory.getInstance(okp ? "Ed25519" : "EC")
            .generatePrivate(new PKCS8EncodedKeySpec(encoded));
        // inP1363Format: r and s side by side. Without it, ES256 would come as DER.
        var signer = Signature.getInstance(okp ? "Ed25519" : "SHA256withECDSAinP1363Format");
        signer.initSign(key);
        String head = b64(HEADER.formatted(okp ? "Ed25519" : "ES256", member("kid"),
            member("emitter"), words[1], System.currentTimeMillis() / 1000).getBytes());
        String body = b64(Files.readAllBytes(Path.of(words[2])));
        signer.update((head + "." + body).getBytes());
        System.out.println(head + ".." + b64(signer.sign()));
    }
}
